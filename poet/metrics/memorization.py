"""How much of the training text a model gives away: extractable@k (Carlini et al. 2022, arXiv 2202.07646).

A passage counts as extractable with k tokens of context when the model, asked to go on after them with the likeliest
token each time, writes the next 50 as they stand in the text.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from poet.generation.sampling import generate
from poet.model.transformer import Transformer
from poet.params.sampling import SamplingParams

CONTEXTS = (16, 32, 64)
CONTINUATION = 50
# Prompts continued side by side.
BATCH = 64


def extractable_shares(model: Transformer, ids: NDArray[Any], prompts: int, seed: int) -> dict[str, float | None]:
    """The share of `prompts` random passages of `ids` (n,) that are extractable, by the length of the context; None
    where the text or the model's sequence_len is too short for one.
    """
    generator = np.random.Generator(np.random.Philox(key=seed))
    shares: dict[str, float | None] = {}
    for context in CONTEXTS:
        length = context + CONTINUATION
        if len(ids) < length or length > model.config.sequence_len:
            shares[str(context)] = None
            continue
        starts = generator.integers(len(ids) - length + 1, size=prompts)
        passages = np.stack([ids[start : start + length] for start in starts]).astype(np.int64)
        found = sum(_given_away(model, part, context) for part in np.array_split(passages, math.ceil(prompts / BATCH)))
        shares[str(context)] = found / prompts
    return shares


def _given_away(model: Transformer, passages: NDArray[np.int64], context: int) -> int:
    """How many of `passages` (B, context + CONTINUATION) the model completes exactly."""
    greedy = [SamplingParams(temperature=0.0, seed=0)] * len(passages)
    right = np.ones(len(passages), dtype=bool)
    steps = generate(model, passages[:, :context], greedy, CONTINUATION, torch.float32)
    for i, ids in enumerate(steps):
        right &= ids == passages[:, context + i]
        if not right.any():
            break
    return int(right.sum())
