"""The engine of a served model: one thread that owns torch and writes the texts that are waiting.

This one writes one text after the other. It has the interface of the engine that batches them.
"""

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from poet.attribution.spans import find_spans
from poet.errors import PoetError
from poet.generation.characters import REPLACEMENT, CharacterGuard
from poet.generation.ending import Ending
from poet.generation.sampling import Guard, generate
from poet.generation.stream import LAST_LINE
from poet.serve.answers import Poet
from poet.serve.request import Writing
from poet.serve.tickets import Alternative, Done, FoundSpan, Spans, Ticket, Token
from poet.tokenizers.tokenizer import decode, encode, token_bytes

# Tokens between two searches for the passages of a text.
TRACED_EVERY = 8


class Busy(PoetError):
    """All places are taken, and the queue is full."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What an engine is doing; `fault` says why it can write no more."""

    running: int
    waiting: int
    tokens: int
    texts: int
    fault: str


class _Forcing:
    """A guard that allows only the forced token where one is forced."""

    def __init__(self, inner: Guard, forced: Mapping[int, int], size: int) -> None:
        self.inner, self.forced, self.size = inner, forced, size

    def start(self, ids: Sequence[int]) -> Any:
        """The state after the prompt."""
        return 0, self.inner.start(ids)

    def advance(self, state: Any, token: int) -> Any:
        """The state after one more token."""
        place, inner = state
        if self.forced.get(place, token) != token:
            return None
        after = self.inner.advance(inner, token)
        return None if after is None else (place + 1, after)

    def forbidden(self, state: Any) -> NDArray[np.bool_]:
        """Which tokens are forbidden."""
        place, inner = state
        mask = self.inner.forbidden(inner)
        if place in self.forced:
            mask = mask | (np.arange(self.size) != self.forced[place])
        return mask


class Engine:
    """One thread that writes one text after the other."""

    def __init__(self, poet: Poet, *, places: int = 16, waiting: int = 64) -> None:
        self.poet, self.most = poet, waiting + places
        self.running, self.written, self.texts = 0, 0, 0
        self._bytes = token_bytes(poet.trained.tokenizer)
        self._queue: queue.Queue[Ticket | None] = queue.Queue()
        self._closing, self._hurry = False, threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def figures(self) -> Figures:
        """What the engine is doing."""
        waiting = self._queue.qsize()
        return Figures(running=self.running, waiting=waiting, tokens=self.written, texts=self.texts, fault="")

    def write(
        self,
        prompt: str,
        writing: Writing,
        forced: Mapping[int, int] | None = None,
        *,
        trace: bool = True,
        alternatives: int = 0,
        ending: Ending | None = None,
    ) -> Ticket:
        """Put a text into the queue; Busy when that is full."""
        if self._closing or self.running + self._queue.qsize() >= self.most:
            raise Busy("all places are taken")
        ticket = Ticket(prompt, writing, forced or {}, trace=trace, count=alternatives, exact=ending is not None)
        self._queue.put(ticket)
        return ticket

    def close(self, grace: float) -> None:
        """Take nothing new, finish what streams within `grace` seconds, end the thread."""
        self._closing = True
        self._queue.put(None)
        self._thread.join(grace)
        self._hurry.set()
        self._thread.join()

    def _run(self) -> None:
        while (ticket := self._queue.get()) is not None:
            if not ticket.left.is_set():
                self.running = 1
                self._finish(ticket)
                self.running, self.texts = 0, self.texts + 1

    def _finish(self, ticket: Ticket) -> None:
        begin, reason, message = time.monotonic(), "length", ""
        written = 0
        text = ""
        try:
            for token in self._tokens(ticket):
                if ticket.left.is_set() or self._hurry.is_set():
                    reason = "stopped"
                    break
                text, written = text + token.text, written + 1
                self.written += 1
                ticket.tell(token)
                if ticket.trace and self.poet.index and not written % TRACED_EVERY:
                    ticket.tell(self._spans(text))
        except PoetError as error:
            reason, message = "error", error.format_message()
        if ticket.trace and self.poet.index:
            ticket.tell(self._spans(text))
        ticket.tell(Done(reason=reason, tokens=written, seconds=time.monotonic() - begin, message=message))

    def _spans(self, text: str) -> Spans:
        assert self.poet.index
        found = find_spans(self.poet.index, text, self.poet.min_length)
        return Spans(spans=tuple(FoundSpan(start=one.start, end=one.end, sources=one.sources) for one in found))

    def _tokens(self, ticket: Ticket) -> Iterator[Token]:
        tokenizer, writing = self.poet.trained.tokenizer, ticket.writing
        seen: list[torch.Tensor] = []
        characters = CharacterGuard(self._bytes, self.poet.guard(writing.max_copy))
        guard = _Forcing(characters, ticket.forced, len(self._bytes))

        def watch(logits: torch.Tensor, ids: NDArray[np.int64]) -> None:
            seen[:] = [torch.softmax(logits[0], dim=-1)]

        prompt, tokens = encode(tokenizer, ticket.prompt), writing.max_new_tokens
        most = tokens if ticket.exact else tokens + LAST_LINE
        steps = generate(self.poet.trained.model, prompt, [writing], most, torch.float32, guard, watch)
        pending: list[int] = []
        end = 0
        for index, ids in enumerate(steps):
            token, start = int(ids[0]), end
            pending.append(token)
            text = decode(tokenizer, pending)
            if text.endswith(REPLACEMENT):
                text = ""
            else:
                pending.clear()
            # The text ends with its line.
            is_last = not ticket.exact and index + 1 >= tokens and "\n" in text
            if is_last and index + 1 > tokens:
                text = text.partition("\n")[0]
            is_last = is_last and (index + 1 > tokens or text.endswith("\n"))
            end = start + len(text)
            best = torch.topk(seen[0], min(ticket.count, len(self._bytes)))
            alternatives = tuple(
                Alternative(token=int(i), text=self._bytes[int(i)].decode("utf-8", "replace"), probability=float(p))
                for p, i in zip(best.values, best.indices, strict=True)
            )
            yield Token(
                index=index,
                token=token,
                text=text,
                alternatives=alternatives,
                probability=float(seen[0][token]),
                start=start,
                end=end,
            )
            if is_last:
                return
