"""What teachers expect as each next token of the training text: computed once, kept on the disk, looked up by steps.

A teacher's forward pass in every step would make the step half as long again, and a text is read many times. Only the
likeliest tokens are kept (256 bytes for each token of the text); the loss gives the share of the others to the text's
own next token (`poet.model.loss`).
"""

import contextlib
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from poet.errors import Interrupted
from poet.files import replacing_folder
from poet.metrics.bits import BATCH, MAX_LOGITS, window_batches
from poet.model.loss import Expected
from poet.model.transformer import Transformer
from poet.progress import progress_bar
from poet.training.distributed import World, all_reduce_any
from poet.training.stopping import stop_requests

# The files in the folder of predictions.
TOKENS, PROBABILITIES = "tokens.npy", "probabilities.npy"

# How many tokens are kept for each position. Of the default vocabulary of 2,048, 64 have 88 % of the probability.
KEPT = 64

# Windows move on by this share of their length, so that each prediction has a quarter of a window before it at least.
STRIDE = 0.75


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The expected next tokens behind each of n tokens of a text, and their probabilities; both lie on the disk."""

    tokens: NDArray[Any]  # (n, K) uint16 or uint32
    probabilities: NDArray[np.float16]  # (n, K)

    def at(self, starts: Sequence[int], length: int, device: torch.device) -> Expected:
        """What is expected behind each of the `length` tokens from each of `starts` (B,) on: (B, length, K)."""
        tokens, probabilities = (
            torch.from_numpy(np.stack([array[start : start + length] for start in starts]).astype(dtype)).to(device)
            for array, dtype in ((self.tokens, np.int64), (self.probabilities, np.float32))
        )
        return Expected(tokens, probabilities)


def open_predictions(folder: Path, world: World) -> Predictions | None:
    """The predictions in `folder`; None unless every machine of `world` has them (collective)."""
    if all_reduce_any(world, [not folder.is_dir()])[0]:
        return None
    tokens, probabilities = (np.load(folder / name, mmap_mode="r") for name in (TOKENS, PROBABILITIES))
    return Predictions(tokens=tokens, probabilities=probabilities)


def write_predictions(
    teachers: Sequence[Transformer], ids: NDArray[Any], folder: Path, *, world: World, dtype: torch.dtype
) -> None:
    """Write what `teachers` expect on average behind each token of `ids` (n,) to `folder` (collective).

    The first process of each machine computes and writes all of it, as machines need not share a disk. Raises
    Interrupted after SIGINT or SIGTERM.
    """
    writes = world.local_rank == 0
    if writes:
        for leftover in folder.parent.glob(f".{folder.name}.*.tmp"):
            shutil.rmtree(leftover, ignore_errors=True)
    length = teachers[0].config.sequence_len
    rows = max(1, min(BATCH, MAX_LOGITS // (length * teachers[0].vocab_size)))
    temporary: contextlib.AbstractContextManager[Path | None]
    temporary = replacing_folder(folder) if writes else contextlib.nullcontext()
    with temporary as target, stop_requests() as requests, progress_bar("predict", len(ids) - 1) as advance:
        kept = None if target is None else _new_arrays(target, ids, min(KEPT, teachers[0].vocab_size))
        for positions, scored_from in window_batches(len(ids), length, STRIDE, rows):
            read = positions[:, scored_from:-1]  # (B, scored): the last token of a window is only a target
            if kept is not None:
                tokens = torch.from_numpy(ids[positions[:, :-1]].astype(np.int64)).to(world.device)
                found = _expected(teachers, tokens, scored_from, kept.tokens.shape[1], dtype)
                kept.tokens[read] = found.tokens.cpu().numpy()
                kept.probabilities[read] = found.probabilities.cpu().numpy()
            advance(read.size)
            # A collective operation has a time limit, so the processes that wait meet the others after each batch.
            if all_reduce_any(world, [bool(requests)])[0]:
                raise _interrupted(requests)
    # The folder has its name on every machine.
    all_reduce_any(world, [False])


def _new_arrays(folder: Path, ids: NDArray[Any], count: int) -> Predictions:
    """Empty files for `count` tokens behind each of `ids` (n,) but the last, which has none behind it."""
    tokens, probabilities = (
        np.lib.format.open_memmap(folder / name, mode="w+", dtype=dtype, shape=(len(ids) - 1, count))
        for name, dtype in ((TOKENS, ids.dtype), (PROBABILITIES, np.float16))
    )
    return Predictions(tokens=tokens, probabilities=probabilities)


@torch.no_grad()
def _expected(
    teachers: Sequence[Transformer], tokens: Tensor, scored_from: int, count: int, dtype: torch.dtype
) -> Expected:
    """The `count` likeliest next tokens of `tokens` (B, T) int64 from the position `scored_from` on, by the mean of the
    teachers' probabilities: (B, T - scored_from, count).
    """
    total = torch.zeros((), device=tokens.device)
    for teacher in teachers:
        total = total + teacher(tokens, None, dtype, first=scored_from).softmax(dim=-1)  # (B, T - scored_from, V)
    probabilities, likeliest = (total / len(teachers)).topk(count, dim=-1)
    return Expected(likeliest, probabilities)


def _interrupted(requests: list[int]) -> Interrupted:
    """The error of a training that was asked to stop while the predictions were written."""
    name = signal.Signals(requests[0]).name if requests else "another process"
    return Interrupted(f"stopped by {name} before the model's first step; `dvc repro` continues behind the teachers")
