"""Batches as a pure function of (seed, step): nothing to save, nothing to restore, the same after any interruption.

An epoch cuts the text into windows of `sequence_len` tokens and visits them in random order, each once. Each epoch
starts at a different offset, so a model sees other windows of the same text; all `sequence_len` offsets are used once
before any repeats.
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

    For a model that carries state, take several of its windows as sequence_len and cut each row afterwards: consecutive
    windows of a row are consecutive text. Each of `ranks` processes gets its own rows of one global batch, so the ranks
    together see what one process would see. `books` are the entries of meta.json: a window that begins in a book of
    weight 2 comes twice an epoch, one in a book of weight 0.5 in every other epoch.

    Raises DataError when `ids` has no room for two windows, or when the ranks cannot share a batch evenly.
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
        # A window takes sequence_len tokens and one more, the last target. The windows must fit behind every offset
        # from 0 to sequence_len - 1, so one window's length is left free.
        windows = (len(ids) - sequence_len) // sequence_len
        if windows < 1:
            raise DataError(
                f"the training text has {len(ids)} tokens, too few for windows of sequence_len {sequence_len} "
                f"(needs {2 * sequence_len}). Add books or lower model.sequence_len."
            )
        if batch_size % ranks:
            raise DataError(f"train.batch_size {batch_size} cannot be shared by {ranks} processes; make it a multiple")
        self.ids, self.sequence_len, self.batch_size, self.seed = ids, sequence_len, batch_size, seed
        # The rows of a global batch that are this process's own.
        self.rows = range(rank * batch_size // ranks, (rank + 1) * batch_size // ranks)
        self.cumulative_weights = _cumulative_weights(windows, sequence_len, books)
        # Windows in an epoch. With all weights 1 the sum of the weights is the number of windows.
        self.windows = max(1, round(float(self.cumulative_weights[-1])))

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of `step` (from 0), each (rows, sequence_len) int64; targets are inputs one token on."""
        rows = [self._window(step * self.batch_size + row) for row in self.rows]
        block = torch.from_numpy(np.stack(rows).astype(np.int64))  # (rows, sequence_len + 1)
        return block[:, :-1], block[:, 1:]

    def _window(self, number: int) -> NDArray[Any]:
        """The tokens (sequence_len + 1,) of the window `number`, counted over all epochs."""
        epoch, i = divmod(number, self.windows)
        order = self._order(epoch)
        start = epoch_offset(self.seed, epoch, self.sequence_len) + int(order[i]) * self.sequence_len
        return self.ids[start : start + self.sequence_len + 1]

    @functools.lru_cache(maxsize=2)  # noqa: B019 (a training holds one Batches for its whole life)
    def _order(self, epoch: int) -> NDArray[np.int64]:
        """The windows of an epoch in the order of their visit, (windows,), each as often as its weight says.

        Systematic sampling: equally spaced points over the running sum of the weights, from a random start. A window of
        weight 1 is as wide as the space between two points, so it gets exactly one.
        """
        generator = np.random.Generator(np.random.Philox(key=[self.seed, 2 * epoch]))
        points = (np.arange(self.windows) + generator.random()) * (self.cumulative_weights[-1] / self.windows)
        chosen = np.searchsorted(self.cumulative_weights, points, side="right")
        return generator.permutation(np.minimum(chosen, len(self.cumulative_weights) - 1))


@functools.lru_cache(maxsize=2)
def epoch_offset(seed: int, epoch: int, sequence_len: int) -> int:
    """The token at which the first window of an epoch begins: a new random order of all offsets every sequence_len
    epochs.

    >>> sorted(epoch_offset(1, epoch, 4) for epoch in range(4, 8))
    [0, 1, 2, 3]
    """
    cycle, i = divmod(epoch, sequence_len)
    generator = np.random.Generator(np.random.Philox(key=[seed, 2 * cycle + 1]))
    return int(generator.permutation(sequence_len)[i])


def _cumulative_weights(windows: int, sequence_len: int, books: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """The running sum of the windows' weights, (windows,). A window has the weight of the book in which it begins when
    the offset is 0.

    >>> books = [{"token": 0, "weight": 1.0}, {"token": 20, "weight": 3.0}]
    >>> _cumulative_weights(4, 10, books).tolist()
    [1.0, 2.0, 5.0, 8.0]
    """
    weights = np.ones(windows)
    if any(book["weight"] != 1 for book in books):
        starts = np.array([book["token"] for book in books])  # (books,) the first token of each, ascending
        book_of = np.searchsorted(starts, np.arange(windows) * sequence_len, side="right") - 1
        weights = np.array([float(book["weight"]) for book in books])[book_of]
    return np.cumsum(weights)
