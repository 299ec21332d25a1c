"""Bits per character of a text: the one figure by which all tokenizers and models compare.

Shapes: n ids of a text, B windows scored together, T positions of a window, W the width of a yoke, V = vocab_size.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from poet.model.transformer import Transformer
from poet.results.evaluation import TextMetrics
from poet.tokens.token_files import TextCounts, TokenData

# The most windows that are scored together, and the most logits, which are stored at once: 268 MB of float32.
BATCH, MAX_LOGITS = 32, 1 << 26


def split_metrics(
    model: Transformer, data: TokenData, split: str, *, stride: float, dtype: torch.dtype
) -> TextMetrics | None:
    """The metrics of `model` on a split of `data`; None if the split is empty. `stride` as for `total_nats`."""
    ids = data.splits[split]
    return text_metrics(total_nats(model, ids, stride=stride, dtype=dtype), data.counts(split))


@torch.no_grad()
def total_nats(model: Transformer, ids: NDArray[Any], *, stride: float, dtype: torch.dtype) -> float:
    """Nats that `model` needs for all of `ids` (n,), computed in `dtype`; each token is scored once. NaN for no ids.

    A window has sequence_len positions, and the next one begins `stride` times that further on, 0 < stride <= 1. The
    tokens that both contain serve the second one as context only. A small stride gives every token more context, and
    takes more passes over the text.

    The first token of all has no context. It is charged as one of V equally probable tokens.

    With a yoke's state, the state of a window is computed from the window before, which itself starts without one.
    """
    if len(ids) == 0:
        return math.nan
    device = model.embedding.weight.device
    total = math.log(model.vocab_size)
    length = model.config.sequence_len
    rows = max(1, min(BATCH, MAX_LOGITS // (length * model.vocab_size)))
    for positions, scored_from in _window_batches(len(ids), length, stride, rows):
        # Ids are stored as uint16 or uint32; torch looks up int64.
        tokens = torch.from_numpy(ids[positions].astype(np.int64)).to(device)  # (B, T + 1)
        cache = None
        if model.carries_state:
            cache = model.new_cache(len(tokens), dtype, _state_before(model, ids, positions[:, 0], dtype))
        # Position t predicts token t + 1, so the last token is only a target.
        logits = model(tokens[:, :-1], cache, dtype, first=scored_from)  # (B, T + 1) -> (B, scored, V)
        targets = tokens[:, scored_from + 1 :]  # (B, scored)
        # (B, scored, V) -> (B x scored, V): a sum over all predictions of the batch.
        total += F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").item()
    return total


def _state_before(model: Transformer, ids: NDArray[Any], starts: NDArray[np.int64], dtype: torch.dtype) -> Tensor:
    """The yoke's activations (B, T, W) in the windows that end right before each of `starts` (B,).

    They are zero where less than a window of text comes before.
    """
    length = model.config.sequence_len
    before = np.maximum(starts - length, 0)[:, None] + np.arange(min(length, len(ids)))  # (B, 1) + (T,) -> (B, T)
    device = model.embedding.weight.device
    cache = model.new_cache(len(before), dtype)
    # The cache keeps what is wanted here, the logits are of no use: only those of one position are computed.
    model(torch.from_numpy(ids[before].astype(np.int64)).to(device), cache, dtype, first=-1)
    assert cache.hidden is not None
    fits = torch.from_numpy(starts >= length).to(device)[:, None, None]  # (B,) -> (B, 1, 1)
    return cache.hidden * fits


def _window_batches(
    length: int, sequence_len: int, stride: float, rows: int = BATCH
) -> Iterator[tuple[NDArray[np.int64], int]]:
    """The positions (B, T + 1) of the windows in a text of `length` tokens, and where scoring begins in them.

    B is `rows` at most. A window has one token more than sequence_len, the target of its last position. Predictions
    before the second result were scored in the window before. The first window is scored in full, and the last one ends
    with the text.

    >>> for positions, scored_from in _window_batches(length=8, sequence_len=4, stride=0.5):
    ...     print(positions.tolist(), scored_from)
    [[0, 1, 2, 3, 4]] 0
    [[2, 3, 4, 5, 6]] 2
    [[3, 4, 5, 6, 7]] 3
    """
    step = max(1, round(sequence_len * stride))
    last = length - 1 - sequence_len  # the start of the last window
    # A text shorter than a window is one short window.
    if last < 0:
        yield np.arange(length)[None], 0  # (1, length)
        return
    offsets = np.arange(sequence_len + 1)
    yield offsets[None], 0  # (1, T + 1)
    starts = np.arange(step, last + 1, step)
    for i in range(0, len(starts), rows):
        yield starts[i : i + rows, None] + offsets, sequence_len - step  # (B, 1) + (T + 1,) -> (B, T + 1)
    # What is left at the end is shorter than a step. It gets a window of its own, with as much context as fits.
    if remainder := last % step:
        yield np.arange(last, length)[None], sequence_len - remainder  # (1, T + 1)


def text_metrics(nats: float, counts: TextCounts) -> TextMetrics | None:
    """The metrics of a text whose tokens cost `nats` in all; None for an empty text.

    The bits also pay for the spelling of the words that the tokens lose; loss and perplexity are those of the model.

    >>> counts = TextCounts(tokens=20, characters=50, bytes=80)
    >>> metrics = text_metrics(nats=100 * math.log(2), counts=counts)
    >>> round(metrics.bits_per_character, 6), round(metrics.bits_per_byte, 6), round(metrics.perplexity, 6)
    (2.0, 1.25, 32.0)
    """
    if counts.tokens == 0:
        return None
    # 1 bit is ln 2 = 0.693 nats.
    bits = nats / math.log(2) + counts.spelling_bits
    return TextMetrics(
        bits_per_character=bits / counts.characters,
        bits_per_byte=bits / counts.bytes,
        loss=nats / counts.tokens,
        perplexity=math.exp(nats / counts.tokens),
        characters=counts.characters,
        tokens=counts.tokens,
        spelling_bits_per_character=counts.spelling_bits / counts.characters,
    )
