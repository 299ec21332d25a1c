"""Generation with a key/value cache: one forward pass of one position per token.

Each sequence has a stream of random numbers of its own on the host, and a token is chosen by inverting the cumulative
distribution. A sequence therefore depends on its own seed alone: not on the device, and not on what is generated beside
it.

Shapes: B sequences, T positions, V = vocab_size.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from poet.errors import DataError
from poet.model.transformer import Cache, Transformer
from poet.params.sampling import SamplingParams

# The share of a full window that is forgotten at once, as 1 / FORGOTTEN of its positions. One position at a time would
# give the next tokens a little more context, and gains nothing: docs/log.md.
FORGOTTEN = 8


class Guard(Protocol):
    """Says which tokens may not follow a text. What it has to know of the text it keeps in a state of any type."""

    def start(self, ids: Sequence[int]) -> Any:
        """The state after the prompt `ids`."""
        ...

    def advance(self, state: Any, token: int) -> Any:
        """The state after one more token; None if the token is forbidden."""
        ...

    def forbidden(self, state: Any) -> NDArray[np.bool_]:
        """Which tokens are forbidden: (V,) bool."""
        ...


@torch.inference_mode()
def generate(
    model: Transformer,
    prompt: Sequence[int] | NDArray[Any],
    sampling: Sequence[SamplingParams],
    max_new_tokens: int,
    dtype: torch.dtype,
    guard: Guard | None = None,
    watch: Callable[[Tensor, NDArray[np.int64]], None] | None = None,
) -> Iterator[NDArray[np.int64]]:
    """Continue a prompt B times side by side, once for each of `sampling`: yields the next ids, (B,) int64.

    `prompt` holds the ids of one prompt for all, (T,), or of one for each, (B, T). It yields `max_new_tokens` times; no
    id is forbidden by `guard`. `watch` is called with the logits, (B, V) as the model gives them, and the ids chosen
    from them. DataError when the guard forbids all tokens, ValueError for an empty prompt.

    When the model's sequence_len positions are full, the oldest of them are forgotten (`Transformer.forget`), so that a
    text may be of any length and each token costs the same. Where the model cannot forget, the window slides: the last
    half of the text is read again from position 0. A yoke's state goes on: each position reads the activations of the
    token one window before it.
    """
    batch = _start(prompt, sampling, guard)
    # The window: all positions that the model can look at.
    device, window = model.embedding.weight.device, model.config.sequence_len
    cache = model.new_cache(len(sampling), dtype)
    # The tokens that the cache does not contain yet: first the prompt, later the newest token of each sequence.
    pending = batch.context[:, -window:]  # (B, T)
    for _ in range(max_new_tokens):
        # Only the last position's logits are needed. They go to the CPU, so that every device chooses alike.
        logits = model(pending.to(device), cache, dtype, first=-1)[:, -1].cpu()  # (B, 1, V) -> (B, V)
        ids = batch.choose_next(logits)  # (B,)
        if watch is not None:
            watch(logits, ids)
        yield ids
        # The chosen token is the input of the next step; keys and values of all earlier ones are in the cache.
        pending = torch.from_numpy(ids)[:, None]  # (B,) -> (B, 1)
        batch.context = torch.cat((batch.context, pending), dim=1)[:, -window:]  # (B, T) -> (B, T + 1), at most window
        if cache.length < window:
            continue
        if model.can_forget:
            model.forget(cache, max(1, window // FORGOTTEN))
        else:
            # Half a window, not one token less: sliding at every step would recompute everything for every token.
            pending = batch.context[:, -max(1, window // 2) :]  # (B, window / 2)
            # The new window begins right after the old one, but for the tokens that it reads again.
            state = state_after_slide(cache, window + 1 - pending.size(1))
            cache = model.new_cache(len(sampling), dtype, state=state)


def state_after_slide(cache: Cache, shift: int) -> Tensor | None:
    """The state for a window that begins `shift` positions after the full window of `cache`; None without a yoke's.

    In training, a position reads the activations of the token one whole window before it. So the activations move with
    the text: the last ones that the old window read, then the first of its own. Zeros mean no state.
    """
    if cache.hidden is None:
        return None
    read = torch.zeros_like(cache.hidden) if cache.state is None else cache.state  # (B, window, W)
    return torch.cat((read[:, shift:], cache.hidden[:, :shift]), dim=1)  # (B, window, W)


def random_stream(seed: int) -> np.random.Generator:
    """The random numbers of one sequence. Philox is counter-based: streams of neighbouring seeds are independent."""
    return np.random.Generator(np.random.Philox(key=seed))


@dataclass(kw_only=True)
class _Batch:
    """B sequences in progress, and everything that the choice of their next tokens depends on."""

    sampling: Sequence[SamplingParams]
    streams: Sequence[np.random.Generator]
    # The prompt, and later the last window of ids: (B, T) int64. The repetition penalty looks at these.
    context: Tensor
    guard: Guard | None
    # One for each sequence; none without a guard.
    guard_states: list[Any]

    def choose_next(self, logits: Tensor) -> NDArray[np.int64]:
        """The next id of each sequence, (B,), for `logits` (B, V) float32; the states of the guard move on by it."""
        ids = choose(logits, self.context, self.sampling, self.streams)
        # Almost every choice is allowed, and the others are repaired row by row.
        if self.guard is not None:
            for row in range(len(ids)):
                before = self.guard_states[row]
                after = self.guard.advance(before, int(ids[row]))
                if after is None:
                    one = slice(row, row + 1)  # a batch of this sequence alone
                    ids[row], after = second_choice(
                        self.guard, before, logits[one], self.context[one], self.sampling[row], self.streams[row]
                    )
                self.guard_states[row] = after
        return ids


def second_choice(
    guard: Guard, state: Any, logits: Tensor, context: Tensor, params: SamplingParams, stream: np.random.Generator
) -> tuple[int, Any]:
    """A token in place of one that `guard` forbids after `state`, and the guard's state after it.

    `logits` (1, V) float32 and `context` (1, T) int64 are those of one sequence. Both choices together give every token
    the probability that it would have if the forbidden ones had been masked at once (with top_k, top_p or min_p, the
    tokens that passed these limits get more). But the mask takes the guard long, and in this order it is hardly ever
    needed. DataError when all tokens are forbidden.
    """
    forbidden = guard.forbidden(state)  # (V,)
    if forbidden.all():
        raise DataError(
            f"each of the {len(forbidden)} tokens would make the text copy more than is allowed. Allow longer copies "
            "(max_copy), or use a tokenizer with all single bytes (tokenize.kind: bpe)."
        )
    allowed = logits.masked_fill(torch.from_numpy(forbidden), -torch.inf)  # (1, V)
    token = int(choose(allowed, context, [params], [stream])[0])
    return token, guard.advance(state, token)


def _start(prompt: Sequence[int] | NDArray[Any], sampling: Sequence[SamplingParams], guard: Guard | None) -> _Batch:
    context = torch.from_numpy(np.array(prompt, dtype=np.int64)).expand(len(sampling), -1)  # (T,) or (B, T) -> (B, T)
    if not context.size(1):
        raise ValueError("the prompt has no token; generation needs at least one to go on from")
    return _Batch(
        sampling=sampling,
        streams=[random_stream(params.seed) for params in sampling],
        context=context,
        guard=guard,
        guard_states=[guard.start(row) for row in context.tolist()] if guard else [],
    )


def choose(
    logits: Tensor, context: Tensor, sampling: Sequence[SamplingParams], streams: Sequence[np.random.Generator]
) -> NDArray[np.int64]:
    """Choose one id per row of `logits` (B, V) float32 that follow `context` (B, T) int64: (B,) int64.

    Each row has its own parameters and its own random numbers. They apply in this order: repetition penalty,
    temperature, top_k, then top_p and min_p on what is left.

    >>> logits, context = torch.log(torch.tensor([[0.2, 0.5, 0.3]])), torch.tensor([[1]])
    >>> greedy = SamplingParams(temperature=0.0, seed=0)
    >>> choose(logits, context, [greedy], [random_stream(0)])
    array([1])
    >>> penalised = SamplingParams(temperature=0.0, seed=0, repetition_penalty=2.0)  # token 1 is in the context
    >>> choose(logits, context, [penalised], [random_stream(0)])
    array([2])
    """
    scores = logits.float().clone()  # (B, V); a copy, because the caller's logits must not change
    _penalise_repetition_(scores, context, sampling)
    # A greedy row is decided further down; until then any temperature but 0 will do for it.
    temperature = _column(params.temperature or 1.0 for params in sampling).float()  # (B, 1)
    probabilities = F.softmax(_keep_top_k(scores / temperature, sampling), dim=-1)  # (B, V)
    if any(params.top_p < 1 or params.min_p for params in sampling):
        probabilities[probabilities < _least_probability(probabilities.double(), sampling)] = 0
    # Inverting the cumulative distribution: a uniform number falls into the interval of one token, whose length is the
    # token's probability. Where tokens were dropped, the probabilities add up to less than 1, and the number is scaled
    # to their sum.
    cumulative = probabilities.cumsum(dim=-1, dtype=torch.float64)  # (B, V)
    # A greedy row takes no random number: its stream would not matter, and the call costs time.
    uniform = _column(
        stream.random() if params.temperature else 0.0 for params, stream in zip(sampling, streams, strict=True)
    )  # (B, 1)
    chosen = torch.searchsorted(cumulative, uniform * cumulative[:, -1:], right=True)[:, 0]  # (B, 1) -> (B,)
    # Rounding can put the number behind the last interval; then the last token with any probability is meant.
    if (chosen == scores.size(-1)).any():
        last_possible = (probabilities > 0).long().cumsum(dim=-1).argmax(dim=-1)  # (B, V) -> (B,)
        chosen = torch.minimum(chosen, last_possible)
    # Temperature 0: the most probable token.
    if any(params.temperature == 0 for params in sampling):
        is_greedy = torch.tensor([params.temperature == 0 for params in sampling])  # (B,)
        chosen = torch.where(is_greedy, scores.argmax(dim=-1), chosen)  # (B,)
    return chosen.numpy()


def _penalise_repetition_(scores: Tensor, context: Tensor, sampling: Sequence[SamplingParams]) -> None:
    """Lower the scores (B, V) of tokens that `context` (B, T) contains, in place (Keskar et al. 2019, CTRL).

    Positive scores are divided by the penalty and negative ones multiplied, so that both get smaller.
    """
    for row, params in enumerate(sampling):
        if params.repetition_penalty != 1:
            seen = scores[row, context[row]]  # (T,)
            lowered = torch.where(seen > 0, seen / params.repetition_penalty, seen * params.repetition_penalty)
            # A token that occurs twice is written twice, both times with the same value: one penalty, not two.
            scores[row, context[row]] = lowered


def _keep_top_k(scores: Tensor, sampling: Sequence[SamplingParams]) -> Tensor:
    """`scores` (B, V) with minus infinity for all but the top_k largest of each row; 0 keeps all.

    >>> limits = [SamplingParams(temperature=1.0, seed=0, top_k=k) for k in (2, 0)]
    >>> _keep_top_k(torch.tensor([[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]]), limits)
    tensor([[-inf, 3., 2.],
            [1., 3., 2.]])
    """
    largest_k = max(params.top_k for params in sampling)
    if largest_k == 0:
        return scores
    best = scores.topk(min(largest_k, scores.size(-1)), dim=-1).values  # (B, k), falling
    # The score of the last token that each row keeps. A row without limit gets any: `is_limited` leaves it out below.
    last = torch.tensor([min(params.top_k or 1, best.size(-1)) - 1 for params in sampling])[:, None]  # (B, 1)
    threshold = best.gather(1, last)  # (B, k) -> (B, 1)
    is_limited = torch.tensor([params.top_k > 0 for params in sampling])[:, None]  # (B, 1)
    return scores.masked_fill(is_limited & (scores < threshold), -torch.inf)


def _least_probability(probabilities: Tensor, sampling: Sequence[SamplingParams]) -> Tensor:
    """The probability below which top_p and min_p drop a token: (B, V) float64 -> (B, 1).

    >>> nucleus = SamplingParams(temperature=1.0, seed=0, top_p=0.7)  # 0.5 is less than 0.7, 0.5 + 0.3 is enough
    >>> relative = SamplingParams(temperature=1.0, seed=0, min_p=0.5)  # half of 0.5
    >>> probabilities = torch.tensor([[0.5, 0.3, 0.2]] * 2, dtype=torch.float64)
    >>> _least_probability(probabilities, [nucleus, relative]).flatten()
    tensor([0.3000, 0.2500], dtype=torch.float64)
    """
    # min_p is relative to the most probable token of the row: strict where the model is sure, generous where it is not.
    least = _column(params.min_p for params in sampling) * probabilities.amax(dim=-1, keepdim=True)  # (B, 1)
    if all(params.top_p == 1 for params in sampling):
        return least
    falling = probabilities.sort(dim=-1, descending=True).values  # (B, V)
    # A token is kept while those before it have less than top_p together. The one that passes top_p is kept too.
    before = falling.cumsum(dim=-1) - falling  # (B, V)
    is_kept = before < _column(params.top_p for params in sampling)  # (B, V)
    smallest_kept = falling.masked_fill(~is_kept, torch.inf).amin(dim=-1, keepdim=True)  # (B, V) -> (B, 1)
    # top_p 1 must keep everything, also where rounding makes the sum reach 1 too early.
    has_top_p = torch.tensor([params.top_p < 1 for params in sampling])[:, None]  # (B, 1)
    return torch.where(has_top_p, torch.maximum(least, smallest_kept), least)


def _column(values: Iterable[float]) -> Tensor:
    """One value per row: (B, 1) float64, which broadcasts over the tokens of (B, V)."""
    return torch.tensor(list(values), dtype=torch.float64)[:, None]
