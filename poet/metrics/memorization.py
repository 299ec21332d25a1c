"""How much of the training text a model can recite: extractable@k (Carlini et al. 2022, arXiv 2202.07646).

A passage is extractable with k tokens of context if the model, which always takes the most probable next token,
continues these k tokens with exactly the 50 that follow in the text.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from poet.generation.sampling import generate
from poet.model.transformer import Transformer
from poet.params.sampling import SamplingParams
from poet.results.copying import CONTINUATION

# The lengths k of the context, in tokens.
CONTEXTS = (16, 32, 64)

# Passages continued side by side.
BATCH = 64


def extractable_shares(model: Transformer, ids: NDArray[Any], prompts: int, seed: int) -> dict[str, float | None]:
    """The share of `prompts` random passages of the text `ids` (n,) that are extractable, by the length of the context.

    None where the text, or the model's sequence_len, is too short for context and continuation.
    """
    # A seed of their own: the passages are the same for every model, whatever was drawn before.
    generator = np.random.Generator(np.random.Philox(key=seed))
    shares: dict[str, float | None] = {}
    for context in CONTEXTS:
        length = context + CONTINUATION
        if len(ids) < length or length > model.config.sequence_len:
            shares[str(context)] = None
            continue
        starts = generator.integers(len(ids) - length + 1, size=prompts)
        passages = np.stack([ids[start : start + length] for start in starts]).astype(np.int64)  # (prompts, length)
        batches = np.array_split(passages, math.ceil(prompts / BATCH))  # each (B, length), B at most BATCH
        shares[str(context)] = sum(_count_recited(model, batch, context) for batch in batches) / prompts
    return shares


def _count_recited(model: Transformer, passages: NDArray[np.int64], context: int) -> int:
    """How many of `passages` (B, context + CONTINUATION) the model completes without a mistake."""
    # Temperature 0 draws no random number, so one seed does for all.
    greedy = [SamplingParams(temperature=0.0, seed=0)] * len(passages)
    is_recited = np.ones(len(passages), dtype=bool)  # (B,)
    steps = generate(model, passages[:, :context], greedy, CONTINUATION, torch.float32)
    for i, ids in enumerate(steps):
        is_recited &= ids == passages[:, context + i]
        # Most batches are done after a few tokens: nothing is left to recite.
        if not is_recited.any():
            break
    return int(is_recited.sum())
