"""One request in the engine: from a prompt to a sequence of the batch, from each token to what its reader sees."""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from poet.attribution.online import OnlineSpans
from poet.errors import PoetError
from poet.generation.batching import Chosen, Request
from poet.generation.characters import CharacterGuard
from poet.generation.ending import Ending
from poet.generation.written_text import TokenTexts, WrittenText
from poet.serve.answers import GUARDS, NO_INDEX, Poet
from poet.serve.request import Writing
from poet.serve.tickets import Alternative, Done, Event, Spans, Ticket, Token
from poet.tokenizers.tokenizer import encode, token_bytes


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be written, as `Engine.write` takes it."""

    prompt: str
    writing: Writing
    forced: Mapping[int, int] = field(default_factory=dict)
    trace: bool = True
    alternatives: int = 0
    ending: Ending | None = None


class Workshop:
    """What all requests to one poet share."""

    def __init__(self, poet: Poet) -> None:
        self.poet = poet
        self.texts = TokenTexts(poet.trained.tokenizer)
        self.guard: Callable[[int], CharacterGuard] = functools.lru_cache(GUARDS)(self._guard)
        self._bytes = token_bytes(poet.trained.tokenizer)

    def _guard(self, max_copy: int) -> CharacterGuard:
        return CharacterGuard(self._bytes, self.poet.guard(max_copy))

    def request(self, order: Order) -> Request:
        """The sequence that `order` asks for. PoetError when copying is to be limited and there is no index."""
        writing = order.writing
        if writing.max_copy and self.poet.index is None:
            raise PoetError(f"max_copy should be 0, got {writing.max_copy}. {NO_INDEX}")
        return Request(
            prompt=encode(self.poet.trained.tokenizer, order.prompt).tolist(),
            sampling=writing,
            guard=self.guard(writing.max_copy),
            forced=order.forced,
            alternatives=order.alternatives,
        )


class Job:
    """A request on its way through the engine. `request` is None until its prompt is encoded."""

    def __init__(self, workshop: Workshop, order: Order, ticket: Ticket) -> None:
        self.workshop, self.order, self.ticket = workshop, order, ticket
        self.request: Request | None = None
        self.begun = time.perf_counter()
        self.text = WrittenText(workshop.texts, order.prompt, order.writing.max_new_tokens, order.ending)
        index = workshop.poet.index
        self.online = OnlineSpans(index, workshop.poet.min_length) if order.trace and index else None
        self.characters = 0

    def take(self, chosen: Chosen) -> list[Event]:
        """What the reader sees of one more token."""
        index, text = self.text.read, self.text.take(chosen.token)
        start, self.characters = self.characters, self.characters + len(text)
        texts = self.workshop.texts
        events: list[Event] = [
            Token(
                index=index,
                token=chosen.token,
                text=text,
                alternatives=tuple(
                    Alternative(token=token, text=texts[token], probability=probability)
                    for token, probability in chosen.alternatives
                ),
                probability=chosen.probability,
                start=start,
                end=self.characters,
            )
        ]
        if self.online and self.online.take(text, last=self.text.ended):
            events.append(Spans(spans=self.online.spans))
        if self.text.ended:
            events.append(self.done("length" if self.text.used_up else "stopped"))
        return events

    def done(self, reason: str, message: str = "") -> Done:
        """The end of the text so far."""
        assert reason in {"length", "stopped", "error"}
        seconds = time.perf_counter() - self.begun
        return Done(reason=reason, tokens=self.text.read, seconds=seconds, message=message)  # type: ignore[arg-type]

    def failed(self, error: Exception) -> Done:
        """The end by `error`, in words for whoever asked."""
        if isinstance(error, PoetError):
            return self.done("error", error.format_message())
        # A fault of ours. What it says may be long and is of no use to strangers.
        return self.done("error", f"the program failed at this request ({type(error).__name__}); others go on")
