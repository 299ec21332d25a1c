"""Bits per character of a text: the one figure by which all tokenizers and models compare."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from poet.model.transformer import Transformer

# Windows scored together.
BATCH = 32


@torch.no_grad()
def score(model: Transformer, ids: NDArray[Any], *, stride: float, dtype: torch.dtype) -> float:
    """Nats that `model` needs for all of `ids` (n,), each token scored once; NaN for no ids.

    Windows of sequence_len move on by `stride` of it; what a window repeats of the one before is context only. The very
    first token, which nothing precedes, is charged as one of vocab_size equal choices.
    """
    if len(ids) == 0:
        return math.nan
    device = model.embedding.weight.device
    total = math.log(model.vocab_size)
    for block, scored_from in _window_batches(ids, model.config.sequence_len, stride):
        tokens = torch.from_numpy(block.astype(np.int64)).to(device)  # (B, T + 1)
        logits = model(tokens[:, :-1], dtype=dtype)
        logits, targets = logits[:, scored_from:], tokens[:, scored_from + 1 :]
        total += F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").item()
    return total


def _window_batches(ids: NDArray[Any], sequence_len: int, stride: float) -> Iterator[tuple[NDArray[Any], int]]:
    """Blocks (B, T + 1) of windows, and the first position whose prediction is new in all rows of the block."""
    step = max(1, round(sequence_len * stride))
    last = len(ids) - 1 - sequence_len  # where the last whole window begins
    if last < 0:
        yield ids[None, :], 0
        return
    yield ids[None, : sequence_len + 1], 0
    starts = np.arange(step, last + 1, step)
    for i in range(0, len(starts), BATCH):
        rows = starts[i : i + BATCH, None] + np.arange(sequence_len + 1)
        yield ids[rows], sequence_len - step
    if remainder := last % step:
        yield ids[None, last:], sequence_len - remainder


def text_metrics(nats: float, tokens: int, characters: int, text_bytes: int) -> dict[str, float | int] | None:
    """The metrics of DESIGN.md for a text that cost `nats`; None for an empty one."""
    if tokens == 0:
        return None
    bits = nats / math.log(2)
    return {
        "bits_per_character": bits / characters,
        "bits_per_byte": bits / text_bytes,
        "loss": nats / tokens,
        "perplexity": math.exp(nats / tokens),
        "characters": characters,
        "tokens": tokens,
    }
