"""Continuous batching: sequences join and leave one running batch at each token (Orca, Yu et al. 2022, OSDI).

`generate` writes B texts that begin together and end together. Here each sequence has its own prompt, position,
settings, random numbers and guard. One step gives every sequence of the batch its next token. A step reads every weight
once, so 16 sequences take about three times as long as one.

A sequence gets the ids that it gets alone in a batch, whoever joins and leaves beside it, bit for bit where
`poet.generation.rows` says so. They are the ids of `generate` for four or more sequences, to which the same applies.
For fewer, MKL adds in another order, and the logits of `generate` differ in their last bits: the ids are the same
unless a random number falls within that rounding of the border of two tokens. With the default model at temperature 1,
2 of 60 texts of 300 tokens went another way from such a token on. So `stream_texts` never writes fewer than four.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from poet.errors import DataError
from poet.generation.rows import Places
from poet.generation.sampling import FORGOTTEN, Guard, choose, random_stream, second_choice, state_after_slide
from poet.model.transformer import Cache, Transformer
from poet.params.sampling import SamplingParams

# Tokens of prompts that one step reads, unless a single prompt has more. All other sequences wait for it: some 15 ms
# for a window of 256 tokens.
READ_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class Request:
    """A sequence to write: the ids of its `prompt`, at least one, and how they are continued.

    `forced[i]` is taken as the new token number i (from 0) in place of the chosen one. A random number is drawn all the
    same, so the tokens before it are those without it. `alternatives` is how many of the likeliest tokens are named
    with every token.
    """

    prompt: Sequence[int]
    sampling: SamplingParams
    guard: Guard | None = None
    forced: Mapping[int, int] = field(default_factory=dict)
    alternatives: int = 0


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The next token of a sequence. Probabilities are the model's own, before temperature and limits.

    `alternatives` are the likeliest tokens that the guard allows, each with its probability.
    """

    token: int
    probability: float
    alternatives: tuple[tuple[int, float], ...]


class Row:
    """A sequence in the batch; `batch.join` makes it."""

    def __init__(self, request: Request, place: int, cache: Cache, window: int) -> None:
        self.request, self.place, self.cache = request, place, cache
        # What the repetition penalty looks at: the prompt, later the last window.
        self.context = list(request.prompt)
        # Tokens that are not in the cache yet: first the prompt, later the newest token.
        self.pending = self.context[-window:]
        self.stream = random_stream(request.sampling.seed)
        self.guard_state: Any = request.guard.start(self.context) if request.guard else None
        self.written = 0


class Batch:
    """At most `places` sequences that `model` writes together. One thread may use it."""

    def __init__(self, model: Transformer, places: int, dtype: torch.dtype = torch.float32) -> None:
        self.model, self.window = model, model.config.sequence_len
        self.rows: list[Row] = []
        self._places = Places(model, places, dtype)
        self._free = list(range(places))

    @property
    def free(self) -> int:
        """How many sequences can join."""
        return len(self._free)

    def join(self, request: Request) -> Row:
        """Add a sequence; the next steps write it. DataError when its prompt is empty or a forced token unknown."""
        if not len(request.prompt):
            raise DataError("the prompt has no token; generation needs at least one to go on from")
        for position, token in request.forced.items():
            if not 0 <= token < self.model.vocab_size:
                raise DataError(
                    f"token {token} at position {position} is none of this model's {self.model.vocab_size} tokens"
                )
        place = self._free[-1]
        row = Row(request, place, self._places.cache(place), self.window)
        self._free.pop()
        self.rows.append(row)
        return row

    def leave(self, row: Row) -> None:
        """Free the place of `row`."""
        if row in self.rows:
            self.rows.remove(row)
            self._free.append(row.place)

    @torch.inference_mode()
    def step(self) -> list[tuple[Row, Chosen | Exception]]:
        """Write the next token of each sequence: those that have one, in the order in which they joined.

        A sequence that waits for its prompt to be read has none. One that cannot go on has an error in its place, and
        has left.
        """
        reading = self._readers()
        stepping = [row for row in self.rows if len(row.pending) == 1]
        failed: list[tuple[Row, Chosen | Exception]] = []
        found: dict[Row, Tensor] = {}  # (1, V) each
        for row in reading:
            try:
                found[row] = self._places.read(row.cache, row.pending)
            except Exception as error:
                self._fail(row, error, failed)
        if stepping:
            logits = self._places.step(
                [row.place for row in stepping], [row.cache for row in stepping], [row.pending[0] for row in stepping]
            )
            found.update(zip(stepping, torch.split(logits, 1), strict=True))
        rows = [row for row in self.rows if row in found]
        return [*failed, *(self._choose(rows, torch.cat([found[row] for row in rows])) if rows else [])]

    def _fail(self, row: Row, error: Exception, results: list[tuple[Row, Chosen | Exception]]) -> None:
        """Whatever goes wrong with one sequence, also in a guard, is no reason to end the others."""
        self.leave(row)
        results.append((row, error))

    def _readers(self) -> list[Row]:
        """The sequences whose prompt, or the half window after a slide, is read in this step."""
        chosen: list[Row] = []
        tokens = 0
        for row in self.rows:
            if len(row.pending) > 1:
                tokens += len(row.pending)
                if chosen and tokens > READ_AT_ONCE:
                    break
                chosen.append(row)
        return chosen

    def _choose(self, rows: Sequence[Row], logits: Tensor) -> list[tuple[Row, Chosen | Exception]]:
        """The next token of each of `rows` from `logits` (B, V)."""
        sampling = [row.request.sampling for row in rows]
        ids = choose(logits, _contexts(rows), sampling, [row.stream for row in rows]).tolist()  # (B,)
        probabilities = logits.softmax(dim=-1)  # (B, V)
        likeliest = _likeliest(rows, probabilities)
        results: list[tuple[Row, Chosen | Exception]] = []
        for number, (row, token) in enumerate(zip(rows, ids, strict=True)):
            try:
                alternatives = tuple(_allowed(row, likeliest[number]))
                taken = self._take(row, token, logits[number : number + 1])
            except Exception as error:
                self._fail(row, error, results)
                continue
            probability = float(probabilities[number, taken])
            results.append((row, Chosen(token=taken, probability=probability, alternatives=alternatives)))
        return results

    def _take(self, row: Row, token: int, logits: Tensor) -> int:
        """Add `token` to `row`, or what is forced or allowed in its place, and make room for it in the cache."""
        guard, forced = row.request.guard, row.request.forced.get(row.written)
        if forced is not None:
            token = forced
        if guard is not None:
            after = guard.advance(row.guard_state, token)
            if after is None and forced is not None:
                raise DataError(
                    f"token {token} cannot be at position {row.written}: it would copy more than is allowed (max_copy) "
                    "or break a character"
                )
            if after is None:
                token, after = second_choice(
                    guard, row.guard_state, logits, _contexts([row]), row.request.sampling, row.stream
                )
            row.guard_state = after
        row.context = [*row.context, token][-self.window :]
        row.pending = [token]
        row.written += 1
        if row.cache.length == self.window:
            self._go_on(row)
        return token

    def _go_on(self, row: Row) -> None:
        """Make room in the full cache of `row`, as `generate` does."""
        if self.model.can_forget:
            self.model.forget(row.cache, max(1, self.window // FORGOTTEN))
            return
        row.pending = row.context[-max(1, self.window // 2) :]
        state = state_after_slide(row.cache, self.window + 1 - len(row.pending))
        row.cache = self._places.cache(row.place, state)


def _contexts(rows: Sequence[Row]) -> Tensor:
    """The context of each row, (B, T) int64, for the repetition penalty.

    Shorter ones are filled up with a token that they contain: it counts once, however often it is there.
    """
    if all(row.request.sampling.repetition_penalty == 1 for row in rows):
        return torch.zeros(len(rows), 1, dtype=torch.int64)  # nothing looks at it
    longest = max(len(row.context) for row in rows)
    contexts = [[row.context[0]] * (longest - len(row.context)) + row.context for row in rows]
    return torch.from_numpy(np.array(contexts, dtype=np.int64))


def _likeliest(rows: Sequence[Row], probabilities: Tensor) -> list[list[tuple[int, float]]]:
    """The likeliest tokens of each row, twice as many as any of them wants, with their `probabilities` (B, V)."""
    most = min(2 * max(row.request.alternatives for row in rows), probabilities.size(1))
    if not most:
        return [[] for _ in rows]
    values, ids = probabilities.topk(most, dim=-1)  # (B, most) each, falling
    return [list(zip(*pair, strict=True)) for pair in zip(ids.tolist(), values.tolist(), strict=True)]


def _allowed(row: Row, tokens: Iterable[tuple[int, float]]) -> Iterable[tuple[int, float]]:
    """The first of `tokens` that the guard of `row` allows, as many as it wants."""
    guard, state = row.request.guard, row.guard_state
    allowed = tokens if guard is None else (one for one in tokens if guard.advance(state, one[0]) is not None)
    return itertools.islice(allowed, row.request.alternatives)
