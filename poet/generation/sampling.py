"""Generation with a key/value cache: one forward pass of one position per token.

Randomness comes from a counter-based stream per sequence on the host, and the choice is made by inverting the
cumulative distribution, so a sequence depends on its own seed alone: not on the device, and not on what is generated
beside it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from poet.errors import DataError
from poet.model.transformer import Cache, Transformer
from poet.params.sampling import SamplingParams


class Guard(Protocol):
    """Says which tokens may not follow a text, of which it keeps what it needs as a state."""

    def start(self, ids: Sequence[int]) -> Any: ...

    def advance(self, state: Any, token: int) -> Any:
        """The state after one token more; None if it is forbidden."""
        ...

    def forbidden(self, state: Any) -> NDArray[np.bool_]:
        """All that are: (vocab_size,) bool."""
        ...


@torch.inference_mode()
def generate(
    model: Transformer,
    prompt: Sequence[int] | NDArray[Any],
    draws: Sequence[SamplingParams],
    tokens: int,
    dtype: torch.dtype,
    guard: Guard | None = None,
) -> Iterator[NDArray[np.int64]]:
    """Continue `prompt`, or a prompt each (B, T), once for each of the B `draws`: yields `tokens` times the next ids,
    (B,) int64, none of them forbidden by `guard`.

    When the model's sequence_len positions are full, the text slides: the last half is read again from position 0. A
    yoke's state passes from the full window to the new one.
    """
    text = torch.from_numpy(np.array(prompt, dtype=np.int64)).expand(len(draws), -1)  # (B, T)
    if not text.size(1):
        raise ValueError("the prompt holds no token")
    device, limit = model.embedding.weight.device, model.config.sequence_len
    streams = [np.random.Generator(np.random.Philox(key=draw.seed)) for draw in draws]
    states = [guard.start(row) for row in text.tolist()] if guard else []
    cache = model.new_cache(len(draws), dtype)
    pending = text[:, -limit:]  # tokens that the cache does not hold yet
    for _ in range(tokens):
        logits = model(pending.to(device), cache, dtype, last=True)[:, -1].cpu()  # (B, V)
        ids = choose(logits, text, draws, streams)
        if guard:
            states = _advance(guard, states, ids, logits, text, draws, streams)
        yield ids
        pending = torch.from_numpy(ids)[:, None]
        text = torch.cat((text, pending), dim=1)[:, -limit:]
        if cache.length == limit:
            cache = model.new_cache(len(draws), dtype, _state_of(cache, limit))
            pending = text[:, -max(1, limit // 2) :]


def _advance(
    guard: Guard,
    states: Sequence[Any],
    ids: NDArray[np.int64],
    logits: Tensor,
    text: Tensor,
    draws: Sequence[SamplingParams],
    streams: Sequence[np.random.Generator],
) -> list[Any]:
    """The states after `ids` (B,), of which those that `guard` forbids are chosen again, in place.

    The second choice is among the allowed tokens alone. Drawn anew, both together are as likely as if the others had
    been masked at once (where top_k, top_p or min_p hold, those that they left to the first choice get more); but the
    mask, which takes the guard long, is hardly ever needed.
    """
    after = [guard.advance(state, i) for state, i in zip(states, ids.tolist(), strict=True)]
    for row, state in enumerate(states):
        if after[row] is None:
            forbidden = guard.forbidden(state)
            if forbidden.all():
                raise DataError(
                    f"each of the {len(forbidden)} tokens would make sequence {row} copy more than is allowed. Allow "
                    "longer copies, or take a tokenizer that knows all single bytes (tokenize.kind: bpe)."
                )
            one = slice(row, row + 1)
            allowed = logits[one].masked_fill(torch.from_numpy(forbidden), -torch.inf)
            ids[one] = choose(allowed, text[one], draws[one], streams[one])
            after[row] = guard.advance(state, int(ids[row]))
    return after


def _state_of(cache: Cache, limit: int) -> Tensor | None:
    """The yoke's activations of a full window, (B, limit, W)."""
    assert cache.hidden is None or cache.hidden.size(1) == limit
    return cache.hidden


def choose(
    logits: Tensor, text: Tensor, draws: Sequence[SamplingParams], streams: Sequence[np.random.Generator]
) -> NDArray[np.int64]:
    """One id per row of `logits` (B, V) float32 after the ids `text` (B, T), each row by its own rule and stream."""
    scores = logits.float().clone()  # the caller keeps its own
    for i, draw in enumerate(draws):
        if draw.repetition_penalty != 1:
            seen = scores[i, text[i]]
            scores[i, text[i]] = torch.where(seen > 0, seen / draw.repetition_penalty, seen * draw.repetition_penalty)
    temperature = _column(draw.temperature or 1.0 for draw in draws)
    probabilities = F.softmax(_limited(scores / temperature.float(), draws), dim=-1)  # (B, V) float32
    if any(draw.top_p < 1 or draw.min_p for draw in draws):
        probabilities[probabilities < _least_probability(probabilities.double(), draws)] = 0
    cumulative = probabilities.cumsum(dim=-1, dtype=torch.float64)
    # A greedy row draws nothing, so that its neighbours' streams are theirs alone.
    uniform = _column(stream.random() if draw.temperature else 0.0 for draw, stream in zip(draws, streams, strict=True))
    drawn = torch.searchsorted(cumulative, uniform * cumulative[:, -1:], right=True)[:, 0]
    if (drawn == scores.size(-1)).any():  # rounding put the point past the last token that has any probability
        drawn = torch.minimum(drawn, (probabilities > 0).long().cumsum(dim=-1).argmax(dim=-1))
    if any(draw.temperature == 0 for draw in draws):
        is_greedy = torch.tensor([draw.temperature == 0 for draw in draws])
        drawn = torch.where(is_greedy, scores.argmax(dim=-1), drawn)
    return drawn.numpy()


def _limited(scores: Tensor, draws: Sequence[SamplingParams]) -> Tensor:
    """`scores` (B, V) with all but the top_k of each row at minus infinity."""
    largest = max(draw.top_k for draw in draws)
    if largest == 0:
        return scores
    best = scores.topk(min(largest, scores.size(-1)), dim=-1).values
    last = torch.tensor([min(draw.top_k or 1, best.size(-1)) - 1 for draw in draws])[:, None]
    limited = torch.tensor([draw.top_k > 0 for draw in draws])[:, None]
    return scores.masked_fill(limited & (scores < best.gather(1, last)), -torch.inf)


def _least_probability(probabilities: Tensor, draws: Sequence[SamplingParams]) -> Tensor:
    """The probability (B, 1) below which top_p and min_p drop a token."""
    least = _column(draw.min_p for draw in draws) * probabilities.amax(dim=-1, keepdim=True)
    if all(draw.top_p == 1 for draw in draws):
        return least
    ordered = probabilities.sort(dim=-1, descending=True).values
    before = ordered.cumsum(dim=-1) - ordered  # the probability of all that are likelier
    kept = before < _column(draw.top_p for draw in draws)
    last = ordered.masked_fill(~kept, torch.inf).amin(dim=-1, keepdim=True)
    nucleus = torch.tensor([draw.top_p < 1 for draw in draws])[:, None]
    return torch.where(nucleus, torch.maximum(least, last), least)


def _column(values: Iterable[float]) -> Tensor:
    """One value per row: (B, 1) float64."""
    return torch.tensor(list(values), dtype=torch.float64)[:, None]
