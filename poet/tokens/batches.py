"""Batches as a pure function of (seed, step): nothing to save, nothing to restore, the same after any interruption.

An epoch cuts the text into windows of `sequence_len` tokens from a random first position, and visits them in random
order, each once. The next epoch begins elsewhere, so that over the epochs every position starts a window.
"""

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from poet.errors import DataError


class Batches:
    """The training batches over `ids` (n,): `batches[step]` is (inputs, targets), each (batch_size, sequence_len)
    int64.
    """

    def __init__(self, ids: NDArray[Any], *, sequence_len: int, batch_size: int, seed: int) -> None:
        # One token more than the window (its last target), and room for each of the sequence_len first positions.
        self.windows = (len(ids) - sequence_len) // sequence_len
        if self.windows < 1:
            raise DataError(
                f"the training text has {len(ids)} tokens, too few for windows of sequence_len {sequence_len} "
                f"(needs {2 * sequence_len}). Add books or lower model.sequence_len."
            )
        self.ids, self.sequence_len, self.batch_size, self.seed = ids, sequence_len, batch_size, seed

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        rows = [self._window(step * self.batch_size + i) for i in range(self.batch_size)]
        block = torch.from_numpy(np.stack(rows).astype(np.int64))  # (batch_size, sequence_len + 1)
        return block[:, :-1], block[:, 1:]

    def _window(self, number: int) -> NDArray[Any]:
        epoch, i = divmod(number, self.windows)
        first, order = _epoch(self.seed, epoch, self.windows, self.sequence_len)
        start = first + int(order[i]) * self.sequence_len
        return self.ids[start : start + self.sequence_len + 1]


@functools.lru_cache(maxsize=2)
def _epoch(seed: int, epoch: int, windows: int, sequence_len: int) -> tuple[int, NDArray[np.int64]]:
    """The first position and the order of the windows of an epoch, from a counter-based generator keyed by (seed,
    epoch).
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    return int(generator.integers(sequence_len)), generator.permutation(windows)
