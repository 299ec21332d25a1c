"""The parts of the transformer: norm, positions, attention, MLP and the block that joins them.

Shapes: B sequences, T positions, S positions so far, C = n_embd, H = n_head, K = n_kv_head, D = C / H (head width),
W = MLP width. Weights are float32 masters; every matrix is cast to the dtype of its input, so one code path serves
float32 and bfloat16 without autocast (as nanochat does).
"""

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poet.model.activations import squared_relu
from poet.params.model import ModelConfig, Yoke

# How fast the slowest rotary pair turns; the usual base of Su et al. 2021 (arXiv 2104.09864).
ROTARY_BASE = 10_000.0

# What the library adds to the mean square of float32, so that both ways agree.
RMS_EPSILON = torch.finfo(torch.float32).eps

# Up to so many positions a CPU that trains in bfloat16 computes attention by plain matrix products: torch 2.13's own
# backward pass takes five to eight times as long there (docs/log.md). Their memory grows with the square.
LONGEST_PRODUCT = 1024

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu2": squared_relu,
    "gelu": F.gelu,
    "relu": F.relu,
    "swiglu": F.silu,  # of one half of a doubled projection, times the other half
    "tanh": torch.tanh,
    "leaky_relu": F.leaky_relu,
}


class Linear(nn.Linear):
    """A matrix that computes in the dtype of its input: (..., in) -> (..., out)."""

    def __init__(self, in_features: int, out_features: int, bias: bool = False) -> None:
        super().__init__(in_features, out_features, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight.to(input.dtype), None if self.bias is None else self.bias.to(input.dtype))


class LayerNorm(nn.Module):
    """Zero mean and unit variance over the last axis, then a learned scale, and a shift with `bias`."""

    def __init__(self, width: int, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return F.layer_norm(x, (x.size(-1),), self.weight.to(x.dtype), bias)


class RMSNorm(nn.Module):
    """Root mean square 1 over the last axis (Zhang & Sennrich 2019), without a weight."""

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x)


def rms_norm(x: Tensor) -> Tensor:
    """Scale each vector of the last axis to root mean square 1."""
    if not x.requires_grad and x.dtype == torch.float32:  # a third of the library's overhead, which counts per token
        return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + RMS_EPSILON)
    return F.rms_norm(x, (x.size(-1),))


def make_norm(config: ModelConfig) -> nn.Module:
    """A norm over n_embd of the kind in `config`."""
    return RMSNorm() if config.norm == "rms" else LayerNorm(config.n_embd, config.bias)


@functools.lru_cache(maxsize=8)
def rotary_table(length: int, width: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and sines of positions 0..length-1, each (length, 1, width / 2). Computed, never saved: no buffers in a
    state dict.
    """
    with torch.inference_mode(False):  # generation and training share the tables
        frequency = ROTARY_BASE ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
        angle = torch.outer(torch.arange(length, dtype=torch.float64), frequency)[:, None, :]
        return angle.cos().to(device, dtype), angle.sin().to(device, dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the pairs (x[i], x[i + D/2]) of (B, T, H, D) by the angle of their position."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)


class KeyValues:
    """Keys and values of one layer for the positions so far, in room for all there can be: each (B, K, length, D)."""

    def __init__(self, batch: int, config: ModelConfig, device: torch.device, dtype: torch.dtype) -> None:
        shape = (batch, config.kv_heads, config.sequence_len, config.head_width)
        self.keys, self.values = (torch.empty(shape, device=device, dtype=dtype) for _ in range(2))

    def extend(self, k: Tensor, v: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Add (B, K, T, D) from position `start` on; returns all S = start + T of both."""
        end = start + k.size(2)
        self.keys[:, :, start:end], self.values[:, :, start:end] = k, v
        return self.keys[:, :, :end], self.values[:, :, :end]


class Attention(nn.Module):
    """Causal self-attention; each head of keys and values serves H / K heads of queries."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = (config.n_head, config.kv_heads, config.kv_heads)
        self.head_width, self.qk_norm, self.dropout = config.head_width, config.qk_norm, config.dropout
        self.rows = [heads * config.head_width for heads in self.heads]  # of queries, keys and values in `qkv`
        self.qkv = Linear(config.n_embd, sum(self.rows), config.bias)
        self.out = Linear(config.n_embd, config.n_embd, config.bias)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None, cache: KeyValues | None, start: int) -> Tensor:
        """(B, T, C) -> (B, T, C); `rotary` holds the T new positions, which begin at `start` of the cache."""
        B, T, C = x.shape
        n_query, n_key, _ = self.heads
        heads = self.qkv(x).view(B, T, sum(self.heads), self.head_width)
        # Queries and keys go through norm and rotation as one: half as many operations.
        qk, v = heads.split([n_query + n_key, n_key], dim=2)  # (B, T, H + K, D), (B, T, K, D)
        if self.qk_norm:
            qk = rms_norm(qk)
        if rotary is not None:
            qk = rotate(qk, *rotary)
        q, k = qk.split([n_query, n_key], dim=2)
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))  # (B, H|K, T, D)
        if cache is not None:
            k, v = cache.extend(k, v, start)  # (B, K, S, D)
        y = attend(q, k, v, self.dropout if self.training else 0.0)  # (B, H, T, D)
        out: Tensor = self.out(y.transpose(1, 2).reshape(B, T, C))
        return out


def attend(q: Tensor, k: Tensor, v: Tensor, dropout: float = 0.0) -> Tensor:
    """Causal attention of the last T of S positions, (B, H, T, D) over (B, K, S, D): each sees itself and the past."""
    T, S = q.size(2), k.size(2)
    if k.size(1) != q.size(1):
        k, v = (t.repeat_interleave(q.size(1) // k.size(1), dim=1) for t in (k, v))
    if (
        q.requires_grad
        and q.device.type == "cpu"
        and q.dtype == torch.bfloat16
        and S <= LONGEST_PRODUCT
        and not dropout
    ):
        return _attend_by_products(q, k, v)
    if T == 1:
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
    if T == S and q.device.type != "mps":
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=dropout)
    # is_causal aligns at the first key, wrong with a cache; on MPS it leaks the future in half precision
    # (pytorch#195910).
    mask = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)


def _attend_by_products(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The same for T = S, written out."""
    B, H, T, D = q.shape
    q, k, v = (t.reshape(B * H, T, D) for t in (q, k, v))
    future = torch.full((T, T), -torch.inf, device=q.device, dtype=q.dtype).triu(1)
    weights = torch.baddbmm(future, q, k.mT, alpha=D**-0.5).softmax(dim=-1)  # (B H, T, T)
    return torch.bmm(weights, v).view(B, H, T, D)


class MLP(nn.Module):
    """Two matrices around an activation: (B, T, C) -> (B, T, C), by way of `width` hidden activations."""

    def __init__(self, config: ModelConfig, width: int, *, gate: bool = False) -> None:
        super().__init__()
        self.gated = config.activation == "swiglu"
        self.activation = ACTIVATIONS[config.activation]
        self.up = Linear(config.n_embd, width * (2 if self.gated else 1), config.bias)
        self.down = Linear(width, config.n_embd, config.bias)
        self.gate = Linear(width, width) if gate else None

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The output and the hidden activations (B, T, W); `state`, those of the window before at the same T
        positions, enters through the gate.
        """
        hidden = self.up(x)  # (B, T, W) or (B, T, 2 W)
        if self.gated:
            hidden, factor = hidden.chunk(2, dim=-1)
        if state is not None and self.gate is not None:
            hidden = hidden + self.gate(state)
        hidden = self.activation(hidden)
        if self.gated:
            hidden = hidden * factor
        return self.down(hidden), hidden


class Block(nn.Module):
    """Layer number `layer`: attention and MLP, each behind a norm and added to the residual stream."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.yoke: Yoke | None = config.yoke if config.yoke and config.yoke.layer == layer else None
        self.dropout = config.dropout
        self.attention_norm, self.mlp_norm = make_norm(config), make_norm(config)
        self.attention = Attention(config)
        self.mlp = MLP(config, mlp_width(config, layer), gate=bool(self.yoke and self.yoke.state))

    def forward(
        self,
        x: Tensor,
        rotary: tuple[Tensor, Tensor] | None,
        cache: KeyValues | None = None,
        start: int = 0,
        state: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """(B, T, C) -> (B, T, C), and the hidden activations of the MLP (B, T, W)."""
        y = self.attention(self.attention_norm(x), rotary, cache, start)
        if self.training and self.dropout:
            y = F.dropout(y, self.dropout)
        x = x + y
        y, hidden = self.mlp(self.mlp_norm(x), state)
        if self.training and self.dropout:
            y = F.dropout(y, self.dropout)
        return (y if self.yoke and not self.yoke.residual else x + y), hidden


def mlp_width(config: ModelConfig, layer: int) -> int:
    """Hidden width of the MLP in `layer`: the yoke's, or 4 C (8/3 C for the three matrices of swiglu) at the first and
    last layer, falling linearly to `compression` of that in the middle.

    >>> sizes = dict(n_layer=5, n_head=1, n_embd=64, sequence_len=8)
    >>> [mlp_width(ModelConfig(**sizes, compression=0.5), layer) for layer in range(5)]
    [256, 192, 128, 192, 256]
    """
    if config.yoke and config.yoke.layer == layer:
        return config.yoke.width
    full = config.n_embd * 8 // 3 if config.activation == "swiglu" else 4 * config.n_embd
    ends = 1.0 if config.n_layer == 1 else abs(2 * layer / (config.n_layer - 1) - 1)
    return max(1, round(full * (config.compression + (1 - config.compression) * ends)))
