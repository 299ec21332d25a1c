"""Batches as a pure function of (seed, step): nothing to save, nothing to restore, the same after any interruption.

An epoch cuts the text into windows of `sequence_len` tokens from some first position, and visits them in random order,
each once. The next epoch begins at another position, and every position begins an epoch before one does so again.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from poet.errors import DataError


class Batches:
    """The training batches over `ids` (n,): `batches[step]` is (inputs, targets), each (batch_size / ranks,
    sequence_len) int64.

    For a model that carries state, take sequence_len as several of its windows, and cut the rows: consecutive windows
    of a row are consecutive text. Each of `ranks` processes gets its own rows of the one global batch, so that the
    ranks together see what one process would. `books` are those of meta.json: windows that begin in a book of weight
    2 come twice an epoch, of weight 0.5 in every other epoch.
    """

    def __init__(
        self,
        ids: NDArray[Any],
        *,
        sequence_len: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        ranks: int = 1,
        books: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        # One token more than the window (its last target), and room for each of the sequence_len first positions.
        windows = (len(ids) - sequence_len) // sequence_len
        if windows < 1:
            raise DataError(
                f"the training text has {len(ids)} tokens, too few for windows of sequence_len {sequence_len} "
                f"(needs {2 * sequence_len}). Add books or lower model.sequence_len."
            )
        if batch_size % ranks:
            raise DataError(f"train.batch_size {batch_size} cannot be shared by {ranks} processes; make it a multiple")
        self.ids, self.sequence_len, self.batch_size, self.seed = ids, sequence_len, batch_size, seed
        self.rows = range(rank * batch_size // ranks, (rank + 1) * batch_size // ranks)
        self.cumulative_weights = _cumulative_weights(windows, sequence_len, books)
        self.windows = max(1, round(float(self.cumulative_weights[-1])))

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        rows = [self._window(step * self.batch_size + row) for row in self.rows]
        block = torch.from_numpy(np.stack(rows).astype(np.int64))  # (rows, sequence_len + 1)
        return block[:, :-1], block[:, 1:]

    def _window(self, number: int) -> NDArray[Any]:
        epoch, i = divmod(number, self.windows)
        order = self._order(epoch)
        start = _first_position(self.seed, epoch, self.sequence_len) + int(order[i]) * self.sequence_len
        return self.ids[start : start + self.sequence_len + 1]

    @functools.lru_cache(maxsize=2)  # noqa: B019 (a training holds one Batches for its whole life)
    def _order(self, epoch: int) -> NDArray[np.int64]:
        """The windows of an epoch in their order, (windows,): each as often as its weight says, by systematic sampling,
        so that weights of 1 give each window exactly once.
        """
        generator = np.random.Generator(np.random.Philox(key=[self.seed, 2 * epoch]))
        points = (np.arange(self.windows) + generator.random()) * (self.cumulative_weights[-1] / self.windows)
        chosen = np.searchsorted(self.cumulative_weights, points, side="right")
        return generator.permutation(np.minimum(chosen, len(self.cumulative_weights) - 1))


@functools.lru_cache(maxsize=2)
def _first_position(seed: int, epoch: int, sequence_len: int) -> int:
    """Where the first window of an epoch begins: a new random order of all positions every sequence_len epochs."""
    cycle, i = divmod(epoch, sequence_len)
    generator = np.random.Generator(np.random.Philox(key=[seed, 2 * cycle + 1]))
    return int(generator.permutation(sequence_len)[i])


def _cumulative_weights(windows: int, sequence_len: int, books: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """The running sum of the windows' weights, (windows,); a window counts to the book in which it begins when the
    first position is 0.
    """
    weights = np.ones(windows)
    if any(book["weight"] != 1 for book in books):
        starts = np.array([book["token"] for book in books])
        book_of = np.searchsorted(starts, np.arange(windows) * sequence_len, side="right") - 1
        weights = np.array([float(book["weight"]) for book in books])[book_of]
    return np.cumsum(weights)
