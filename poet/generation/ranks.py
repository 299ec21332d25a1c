"""How likely the model found each token that it wrote, for a view of its surprises (GLTR, arXiv 1906.04043)."""

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

# Decimals of a probability: enough to tell 1 in 10,000 from nothing, and few in a file of thousands.
DECIMALS = 4


class Ranks:
    """Notes the rank and the probability of every token of B sequences; `note` is what `generate` calls as `watch`.

    Both are those of the model itself, before temperature, limits and guards: 1 is the rank of the likeliest token.
    """

    def __init__(self) -> None:
        self._ranks: list[NDArray[np.int64]] = []  # (B,) each
        self._probabilities: list[NDArray[np.float64]] = []  # (B,) each

    def note(self, logits: Tensor, ids: NDArray[np.int64]) -> None:
        """Note the tokens `ids`, (B,), which were chosen from `logits`, (B, V)."""
        scores = logits.double()
        chosen = scores[np.arange(len(ids)), ids][:, None]  # (B, V) -> (B, 1)
        # Among equally likely tokens, all have the first rank.
        self._ranks.append(1 + (scores > chosen).sum(dim=-1).numpy())  # (B, V) -> (B,)
        self._probabilities.append(F.softmax(scores, dim=-1)[np.arange(len(ids)), ids].numpy())  # (B, V) -> (B,)

    def ranks(self, row: int) -> tuple[int, ...]:
        """The ranks of the tokens of the sequence `row`, in their order."""
        return tuple(int(step[row]) for step in self._ranks)

    def probabilities(self, row: int) -> tuple[float, ...]:
        """The probabilities of the tokens of the sequence `row`, in their order."""
        return tuple(round(float(step[row]), DECIMALS) for step in self._probabilities)
