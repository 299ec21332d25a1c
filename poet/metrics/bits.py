"""Bits per character of a text: the one figure by which all tokenizers and models compare."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from poet.model.transformer import Transformer

# Windows scored together.
BATCH = 32


@torch.no_grad()
def total_nats(model: Transformer, ids: NDArray[Any], *, stride: float, dtype: torch.dtype) -> float:
    """Nats that `model` needs for all of `ids` (n,), each token scored once; NaN for no ids.

    Windows of sequence_len move on by `stride` of it; what a window repeats of the one before is context only. The very
    first token, which nothing precedes, is charged as one of vocab_size equal choices.

    A yoke's state comes from the window before each, which is read without one.
    """
    if len(ids) == 0:
        return math.nan
    device = model.embedding.weight.device
    total = math.log(model.vocab_size)
    for positions, scored_from in _window_batches(len(ids), model.config.sequence_len, stride):
        tokens = torch.from_numpy(ids[positions].astype(np.int64)).to(device)  # (B, T + 1)
        cache = None
        if model.carries_state:
            cache = model.new_cache(len(tokens), dtype, _state_before(model, ids, positions[:, 0], dtype))
        logits = model(tokens[:, :-1], cache, dtype)
        logits, targets = logits[:, scored_from:], tokens[:, scored_from + 1 :]
        total += F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").item()
    return total


def _state_before(model: Transformer, ids: NDArray[Any], starts: NDArray[np.int64], dtype: torch.dtype) -> Tensor:
    """The yoke's activations (B, T, W) in the window that ends where each of `starts` begins; zeros where none fits."""
    length = model.config.sequence_len
    before = np.maximum(starts - length, 0)[:, None] + np.arange(min(length, len(ids)))
    device = model.embedding.weight.device
    cache = model.new_cache(len(before), dtype)
    model(torch.from_numpy(ids[before].astype(np.int64)).to(device), cache, dtype, last=True)
    assert cache.hidden is not None
    return cache.hidden * torch.from_numpy(starts >= length).to(device)[:, None, None]


def _window_batches(length: int, sequence_len: int, stride: float) -> Iterator[tuple[NDArray[np.int64], int]]:
    """The positions (B, T + 1) of windows in a text of `length` tokens, and the first place in the window whose
    prediction is new in all of them.
    """
    step = max(1, round(sequence_len * stride))
    last = length - 1 - sequence_len  # where the last whole window begins
    if last < 0:
        yield np.arange(length)[None], 0
        return
    yield np.arange(sequence_len + 1)[None], 0
    starts = np.arange(step, last + 1, step)
    for i in range(0, len(starts), BATCH):
        yield starts[i : i + BATCH, None] + np.arange(sequence_len + 1), sequence_len - step
    if remainder := last % step:
        yield np.arange(last, length)[None], sequence_len - remainder


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
