"""The parts of the transformer: norm, attention, MLP and the block that joins them.

Shapes in comments and docstrings: B sequences, T new positions, S positions so far (the cached ones and the T new
ones), C = n_embd, H = n_head heads of queries, K = n_kv_head heads of keys and values, D = C / H (head width),
W = MLP width.

Weights are float32 masters; every matrix is cast to the dtype of its input. One code path therefore serves float32,
bfloat16 and float16 without autocast (as in nanochat).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poet.model.activations import squared_relu
from poet.model.dropout import dropout as drop
from poet.model.rotary import rotate
from poet.model.size import mlp_width
from poet.params.model import ModelConfig, Yoke

# What torch adds to the mean square in F.rms_norm of float32, so that both ways to compute the norm agree.
RMS_EPSILON = torch.finfo(torch.float32).eps

# On a CPU that trains in bfloat16, attention over at most this many positions is computed by plain matrix products:
# the backward pass of torch 2.13's own kernel takes 2.6 to 8 times as long there (docs/log.md). Plain products
# keep all T x T attention weights, so longer sequences go back to the kernel, whose memory does not grow with T^2.
MATMUL_ATTENTION_MAX_LEN = 1024

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu2": squared_relu,
    "gelu": F.gelu,
    "relu": F.relu,
    "swiglu": F.silu,  # of one half of a doubled projection; the other half is the factor (see MLP)
    "tanh": torch.tanh,
    "leaky_relu": F.leaky_relu,
}


class Linear(nn.Linear):
    """A matrix that computes in the dtype of its input: (..., in) -> (..., out)."""

    def __init__(self, in_features: int, out_features: int, bias: bool = False) -> None:
        super().__init__(in_features, out_features, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        # The cast costs one pass over the weights; the optimizer goes on with the float32 masters.
        bias = None if self.bias is None else self.bias.to(input.dtype)
        return F.linear(input, self.weight.to(input.dtype), bias)


class LayerNorm(nn.Module):
    """Zero mean and unit variance over the last axis, then a learned scale, and a learned shift with `bias`."""

    def __init__(self, width: int, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return F.layer_norm(x, (x.size(-1),), self.weight.to(x.dtype), bias)


class RMSNorm(nn.Module):
    """Root mean square 1 over the last axis (Zhang & Sennrich 2019, arXiv 1910.07467), without a learned weight.

    The next matrix can learn any scale by itself, so a weight here would add nothing.
    """

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x)


def rms_norm(x: Tensor) -> Tensor:
    """Scale each vector of the last axis to root mean square 1, in the shape of `x`.

    >>> rms_norm(torch.tensor([[3.0, -3.0], [0.1, 0.1]]))
    tensor([[ 1.0000, -1.0000],
            [ 1.0000,  1.0000]])
    """
    # Written out for generation: three torch calls have a third of F.rms_norm's overhead, which counts per token.
    if not x.requires_grad and x.dtype == torch.float32:
        return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + RMS_EPSILON)
    return F.rms_norm(x, (x.size(-1),))


def make_norm(config: ModelConfig) -> nn.Module:
    """A norm over C features, of the kind that `config` names."""
    return RMSNorm() if config.norm == "rms" else LayerNorm(config.n_embd, config.bias)


class KeyValues:
    """The key/value cache of one layer: keys and values of the positions so far, each (B, K, sequence_len, D).

    Room for all positions is allocated at once, so that adding one copies T positions and not all S.
    """

    def __init__(self, batch: int, config: ModelConfig, device: torch.device, dtype: torch.dtype) -> None:
        shape = (batch, config.kv_heads, config.sequence_len, config.head_width)
        self.keys, self.values = (torch.empty(shape, device=device, dtype=dtype) for _ in range(2))

    def extend(self, k: Tensor, v: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Store `k` and `v` (B, K, T, D) at the positions from `start` on; returns views of all S = start + T."""
        end = start + k.size(2)
        self.keys[:, :, start:end], self.values[:, :, start:end] = k, v
        return self.keys[:, :, :end], self.values[:, :, :end]  # (B, K, S, D)

    def drop(self, count: int, length: int, rotation: tuple[Tensor, Tensor]) -> None:
        """Drop the first `count` of `length` positions. All others move to the front; `rotation` turns their keys."""
        kept = slice(count, length)
        # Right-hand sides are new tensors, since the two places overlap. (B, K, S, D)
        self.keys[:, :, : length - count] = rotate(self.keys[:, :, kept], *rotation)
        self.values[:, :, : length - count] = self.values[:, :, kept].clone()


class Attention(nn.Module):
    """Causal self-attention with grouped queries: each head of keys and values serves H / K heads of queries.

    K = H is the usual multi-head attention, K = 1 multi-query attention (Ainslie et al. 2023, arXiv 2305.13245). Fewer
    heads of keys and values make the cache smaller.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_head, self.n_kv_head, self.head_width = config.n_head, config.kv_heads, config.head_width
        self.qk_norm, self.dropout = config.qk_norm, config.dropout
        # The rows of `qkv` that make queries, keys and values. Muon orthogonalises the three parts separately.
        self.rows = [heads * self.head_width for heads in (self.n_head, self.n_kv_head, self.n_kv_head)]
        # One matrix product for all three is faster than three.
        self.qkv = Linear(config.n_embd, sum(self.rows), config.bias)
        self.out = Linear(config.n_embd, config.n_embd, config.bias)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None, cache: KeyValues | None, start: int) -> Tensor:
        """(B, T, C) -> (B, T, C).

        `rotary` holds cosine and sine for the T positions, or None with learned positions. The T positions go into
        `cache` from `start` on, and look at all S positions in it; without a cache they look at each other.
        """
        B, T, C = x.shape
        H, K, D = self.n_head, self.n_kv_head, self.head_width
        heads = self.qkv(x).view(B, T, H + 2 * K, D)  # (B, T, C) -> (B, T, H + 2 K, D)
        # Queries and keys stay together for norm and rotation: half as many operations to start.
        qk, v = heads.split([H + K, K], dim=2)  # (B, T, H + K, D), (B, T, K, D)
        # With normalised queries and keys, attention scores cannot grow without bound (Dehghani et al. 2023,
        # arXiv 2302.05442).
        if self.qk_norm:
            qk = rms_norm(qk)
        if rotary is not None:
            qk = rotate(qk, *rotary)
        q, k = qk.split([H, K], dim=2)  # (B, T, H, D), (B, T, K, D)
        # Heads become a batch axis: each attends by itself.
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))  # (B, T, H, D) -> (B, H, T, D); k and v: (B, K, T, D)
        if cache is not None:
            k, v = cache.extend(k, v, start)  # (B, K, T, D) -> (B, K, S, D)
        y = attend(q, k, v, self.dropout if self.training else 0.0)  # (B, H, T, D)
        # The heads are put side by side again, and `out` mixes them.
        y = y.transpose(1, 2).reshape(B, T, C)  # (B, H, T, D) -> (B, T, H, D) -> (B, T, C)
        out: Tensor = self.out(y)  # (B, T, C)
        return out


def attend(q: Tensor, k: Tensor, v: Tensor, dropout: float = 0.0) -> Tensor:
    """Causal attention of the last T of S positions: `q` (B, H, T, D), `k` and `v` (B, K, S, D) -> (B, H, T, D).

    Each position mixes the values of itself and of all earlier positions, weighted by
    softmax(query . key / sqrt(D)) (Vaswani et al. 2017, arXiv 1706.03762). The same sum is computed in one of four
    ways, whichever is fastest and right on this device.

    With queries and keys of zero all weights are equal, and each position averages the values up to its own:

    >>> q, v = torch.zeros(1, 1, 3, 1), torch.tensor([3.0, 5.0, 10.0]).view(1, 1, 3, 1)
    >>> attend(q, q, v).flatten()
    tensor([3., 4., 6.])
    """
    T, S = q.size(2), k.size(2)
    # Grouped queries: copy each head of keys and values for the H / K heads of queries that it serves.
    if k.size(1) != q.size(1):
        copies = q.size(1) // k.size(1)
        k, v = (t.repeat_interleave(copies, dim=1) for t in (k, v))  # (B, K, S, D) -> (B, H, S, D)
    if _matmul_is_faster(q, S):
        return _matmul_attention(q, k, v, dropout)
    # A single new position may look at everything: no mask.
    if T == 1:
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
    if T == S and q.device.type != "mps":
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=dropout)
    # `is_causal` aligns the mask at the first key, which is wrong with a cache (T < S); and on MPS it lets the future
    # through in half precision (pytorch#195910). So the mask is built: row t of the last T sees keys 0 to S - T + t.
    mask = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)  # (T, S)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)


def _matmul_is_faster(q: Tensor, length: int) -> bool:
    """Whether plain matrix products beat torch's own attention: training in bfloat16 on a CPU, short sequences."""
    is_cpu_training = q.requires_grad and q.device.type == "cpu"
    return is_cpu_training and q.dtype == torch.bfloat16 and length <= MATMUL_ATTENTION_MAX_LEN


def _matmul_attention(q: Tensor, k: Tensor, v: Tensor, dropout: float) -> Tensor:
    """Causal attention written out, for T = S: `q`, `k` and `v` (B, H, T, D) -> (B, H, T, D)."""
    B, H, T, D = q.shape
    q, k, v = (t.reshape(B * H, T, D) for t in (q, k, v))  # (B, H, T, D) -> (B H, T, D)
    # Minus infinity above the diagonal: after the softmax, the weight of every later position is 0.
    future = torch.full((T, T), -torch.inf, device=q.device, dtype=q.dtype).triu(1)  # (T, T)
    # baddbmm adds the mask in the same call that multiplies: future + q k^T / sqrt(D).
    scores = torch.baddbmm(future, q, k.mT, alpha=D**-0.5)  # (B H, T, D) x (B H, D, T) -> (B H, T, T)
    weights = scores.softmax(dim=-1)  # (B H, T, T), each row sums to 1
    weights = drop(weights, dropout)
    return torch.bmm(weights, v).view(B, H, T, D)  # (B H, T, T) x (B H, T, D) -> (B H, T, D) -> (B, H, T, D)


class MLP(nn.Module):
    """Two matrices around an activation, on each position by itself: (B, T, C) -> (B, T, W) -> (B, T, C).

    With `gate`, a third matrix lets the hidden activations of the window before enter (a yoke with state).
    """

    def __init__(self, config: ModelConfig, width: int, *, gate: bool = False) -> None:
        super().__init__()
        self.gated = config.activation == "swiglu"
        self.activation = ACTIVATIONS[config.activation]
        # SwiGLU (Shazeer 2020, arXiv 2002.05202) projects twice: to what is activated, and to its factor.
        self.up = Linear(config.n_embd, width * (2 if self.gated else 1), config.bias)
        self.down = Linear(width, config.n_embd, config.bias)
        self.gate = Linear(width, width) if gate else None

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The output (B, T, C) for `x` (B, T, C), and the hidden activations (B, T, W).

        `state` (B, T, W) is the hidden activations of the window before, at the same T positions.
        """
        hidden = self.up(x)  # (B, T, C) -> (B, T, W), or (B, T, 2 W) with SwiGLU
        if self.gated:
            hidden, factor = hidden.chunk(2, dim=-1)  # (B, T, 2 W) -> two of (B, T, W)
        if state is not None and self.gate is not None:
            hidden = hidden + self.gate(state)  # (B, T, W)
        hidden = self.activation(hidden)
        if self.gated:
            hidden = hidden * factor
        return self.down(hidden), hidden  # (B, T, W) -> (B, T, C)


class Block(nn.Module):
    """Layer number `layer`: attention and MLP, each after a norm and added to the residual stream.

    Attention moves information between positions; the MLP works on each position by itself.
    """

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
        """The residual stream (B, T, C) -> (B, T, C), and the hidden activations of the MLP (B, T, W).

        `rotary`, `cache` and `start` are those of `Attention.forward`, `state` is that of `MLP.forward`.
        """
        y = self.attention(self.attention_norm(x), rotary, cache, start)  # (B, T, C)
        # The condition spares a call per layer and token in generation, where dropout does nothing.
        if self.training and self.dropout:
            y = drop(y, self.dropout)
        x = x + y
        y, hidden = self.mlp(self.mlp_norm(x), state)  # (B, T, C), (B, T, W)
        if self.training and self.dropout:
            y = drop(y, self.dropout)
        # A yoke without residual path replaces the stream: everything has to pass through its narrow MLP.
        replaces_stream = self.yoke is not None and not self.yoke.residual
        return (y if replaces_stream else x + y), hidden
