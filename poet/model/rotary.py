"""Rotary positions (RoPE): where a token is, as an angle by which its queries and keys are turned.

Shapes are named as in `poet.model.layers`: B sequences, T positions, H heads, D the width of a head.
"""

import functools

import torch
from torch import Tensor

# The base of the rotary frequencies: pair i of D/2 turns by ROTARY_BASE^(-2i/D) radians per position. 10,000 is the
# value of Su et al. 2021 (arXiv 2104.09864). With D = 96 the slowest pair then needs 52,000 positions for a full turn,
# so no two positions of a window have the same angles.
ROTARY_BASE = 10_000.0


@functools.lru_cache(maxsize=8)
def rotary_table(length: int, width: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosine and sine of the rotary angle of every position and pair, each (length, 1, width / 2).

    The tables are computed when first needed and never saved, so a state dict holds learned weights only.

    >>> cos, sin = rotary_table(3, 4, torch.device("cpu"), torch.float32)  # two pairs: 1 and 1/100 radian per position
    >>> sin[:, 0]
    tensor([[0.0000, 0.0000],
            [0.8415, 0.0100],
            [0.9093, 0.0200]])
    """
    # An inference tensor could not be used in training later, and both share these tables.
    with torch.inference_mode(False):
        # Each pair of features has its own frequency, from one radian per position down to 1 / ROTARY_BASE.
        frequency = ROTARY_BASE ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)  # (D/2,)
        position = torch.arange(length, dtype=torch.float64)  # (T,)
        # The axis of size 1 broadcasts over the heads of (B, T, H, D/2).
        angle = torch.outer(position, frequency)[:, None, :]  # (T, 1, D/2)
        # float64 until here: the angles of far positions are large, and their remainder modulo 2 pi matters.
        return angle.cos().to(device, dtype), angle.sin().to(device, dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the pairs (x[i], x[i + D/2]) of `x` (B, T, H, D) by the angles of their positions, (T, 1, D/2).

    The dot product of a turned query and a turned key depends on their distance alone, not on their positions
    (Su et al. 2021). That is how attention learns where things are.

    >>> rotate(torch.tensor([1.0, 0.0]), cos=torch.tensor([0.0]), sin=torch.tensor([1.0]))  # a quarter turn
    tensor([0., 1.])
    """
    first, second = x.chunk(2, dim=-1)  # (B, T, H, D) -> two halves (B, T, H, D/2)
    # A rotation in the plane: (a, b) -> (a cos - b sin, a sin + b cos).
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)  # (B, T, H, D)
