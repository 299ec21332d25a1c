"""Generation with a key/value cache: one forward pass of one position per token.

Randomness comes from a counter-based stream per sequence on the host, and the choice is made by inverting the
cumulative
distribution, so a sequence depends on its own seed alone: not on the device, and not on what is generated beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from poet.model.transformer import Cache, Transformer


@dataclass(frozen=True, kw_only=True)
class Draw:
    """How one sequence is drawn: `temperature` 0 takes the likeliest token, `top_k` 0 keeps all tokens."""

    temperature: float
    top_k: int
    seed: int


@torch.no_grad()
def generate(
    model: Transformer, prompt: Sequence[int], draws: Sequence[Draw], tokens: int, dtype: torch.dtype
) -> Iterator[NDArray[np.int64]]:
    """Continue `prompt` once for each of `draws`: yields `tokens` times the next ids, (len(draws),) int64.

    When the model's sequence_len positions are full, the text slides: the last half is read again from position 0.
    """
    if not prompt:
        raise ValueError("the prompt holds no token")
    device, limit = model.head.weight.device, model.config.sequence_len
    streams = [np.random.Generator(np.random.Philox(key=draw.seed)) for draw in draws]
    text = torch.tensor([list(prompt)] * len(draws), device=device)  # (B, T)
    cache: Cache | None = None
    pending = text[:, -limit:]  # tokens that the cache does not hold yet
    for _ in range(tokens):
        logits, cache = model(pending, cache, dtype)
        ids = _choose(logits[:, -1].cpu(), draws, streams)
        yield ids
        pending = torch.from_numpy(ids)[:, None].to(device)
        text = torch.cat((text, pending), dim=1)[:, -limit:]
        if cache[0][0].size(2) == limit:
            cache, pending = None, text[:, -max(1, limit // 2) :]


def _choose(logits: Tensor, draws: Sequence[Draw], streams: Sequence[np.random.Generator]) -> NDArray[np.int64]:
    """One id per row of `logits` (B, V) float32, each row by its own rule and stream."""
    ids = np.empty(len(draws), dtype=np.int64)
    for i, (draw, stream) in enumerate(zip(draws, streams, strict=True)):
        if draw.temperature == 0:
            ids[i] = int(logits[i].argmax())
            continue
        row = logits[i].double() / draw.temperature
        if 0 < draw.top_k < len(row):
            row[row < row.topk(draw.top_k).values[-1]] = -torch.inf
        cumulative = row.softmax(dim=-1).cumsum(dim=-1).numpy()
        ids[i] = min(
            int(np.searchsorted(cumulative, stream.random() * cumulative[-1], side="right")), len(cumulative) - 1
        )
    return ids
