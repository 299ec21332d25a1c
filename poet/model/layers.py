"""The parts of the transformer: norm, rotary positions, attention, MLP and the block that joins them.

Shapes: B sequences, T positions, C = n_embd, H = n_head, D = C / H (head width). Weights are float32 masters; every
matrix is cast to the dtype of its input, so one code path serves float32 and bfloat16 without autocast (as nanochat
does).
"""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# How fast the slowest rotary pair turns; the usual base of Su et al. 2021 (arXiv 2104.09864).
ROTARY_BASE = 10_000.0

# Keys and values of the positions seen so far, each (B, H, S, D).
LayerCache = tuple[Tensor, Tensor]


class Linear(nn.Linear):
    """A matrix without bias that computes in the dtype of its input: (..., in) -> (..., out)."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight.to(input.dtype))


def rms_norm(x: Tensor) -> Tensor:
    """Scale each vector of the last axis to root mean square 1 (Zhang & Sennrich 2019), without a weight."""
    return F.rms_norm(x, (x.size(-1),))


@functools.lru_cache(maxsize=8)
def rotary_table(length: int, width: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and sines of positions 0..length-1, each (length, 1, width / 2). Computed, never saved: no buffers in a
    state dict.
    """
    frequency = ROTARY_BASE ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angle = torch.outer(torch.arange(length, dtype=torch.float64), frequency)[:, None, :]
    return angle.cos().to(device, dtype), angle.sin().to(device, dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the pairs (x[i], x[i + D/2]) of (B, T, H, D) by the angle of their position."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)


class Attention(nn.Module):
    """Causal self-attention with rotary positions and normalised queries and keys."""

    def __init__(self, n_embd: int, n_head: int) -> None:
        super().__init__()
        self.n_head = n_head
        self.qkv = Linear(n_embd, 3 * n_embd)
        self.out = Linear(n_embd, n_embd)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], cache: LayerCache | None) -> tuple[Tensor, LayerCache]:
        """(B, T, C) -> (B, T, C) and the keys and values of all S positions so far; `rotary` holds the T new
        positions.
        """
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.n_head, C // self.n_head).unbind(dim=2)  # each (B, T, H, D)
        q, k = rotate(rms_norm(q), *rotary), rotate(rms_norm(k), *rotary)
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))  # (B, H, T, D)
        if cache is not None:
            k, v = torch.cat((cache[0], k), dim=2), torch.cat((cache[1], v), dim=2)  # (B, H, S, D)
        y = attend(q, k, v)  # (B, H, T, D)
        return self.out(y.transpose(1, 2).reshape(B, T, C)), (k, v)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention of the last T of S positions, (B, H, T, D) over (B, H, S, D): each sees itself and the past."""
    T, S = q.size(2), k.size(2)
    if T == 1:
        return F.scaled_dot_product_attention(q, k, v)
    if T == S and q.device.type != "mps":
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    # is_causal aligns at the first key, wrong with a cache; on MPS it leaks the future in half precision
    # (pytorch#195910).
    mask = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


class _SquaredReLU(torch.autograd.Function):
    """relu(x)^2 in two passes over memory forward and two back; autograd's own chain of relu and pow takes seven."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        positive = x.relu()
        ctx.save_for_backward(positive)
        return positive * positive

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        (positive,) = ctx.saved_tensors
        slope: Tensor = (gradient * positive).mul_(2)
        return slope


def squared_relu(x: Tensor) -> Tensor:
    """relu(x)^2, elementwise (So et al. 2021, arXiv 2109.08668)."""
    y: Tensor = _SquaredReLU.apply(x)  # type: ignore[no-untyped-call]
    return y


class MLP(nn.Module):
    """Two matrices around a squared ReLU: (B, T, C) -> (B, T, C)."""

    def __init__(self, n_embd: int) -> None:
        super().__init__()
        self.up = Linear(n_embd, 4 * n_embd)
        self.down = Linear(4 * n_embd, n_embd)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.down(squared_relu(self.up(x)))
        return y


class Block(nn.Module):
    """One layer: attention and MLP, each behind a norm and added to the residual stream."""

    def __init__(self, n_embd: int, n_head: int) -> None:
        super().__init__()
        self.attention = Attention(n_embd, n_head)
        self.mlp = MLP(n_embd)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], cache: LayerCache | None) -> tuple[Tensor, LayerCache]:
        y, cache = self.attention(rms_norm(x), rotary, cache)
        x = x + y
        return x + self.mlp(rms_norm(x)), cache
