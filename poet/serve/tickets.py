"""What the engine says while it writes, and how it gets to whoever reads it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from poet.results.attribution import Source
from poet.serve.request import Writing


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """A token that could have been chosen, with its text and the probability that the model gave it."""

    token: int
    text: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Token:
    """One token of a text: `text` is the whole characters that it completes, from `start` to `end` of the text."""

    index: int
    token: int
    text: str
    alternatives: tuple[Alternative, ...]
    probability: float
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class FoundSpan:
    """A passage of the text that is in the books."""

    start: int
    end: int
    sources: tuple[Source, ...]


@dataclass(frozen=True, kw_only=True)
class Spans:
    """All passages that are known so far."""

    spans: tuple[FoundSpan, ...]


@dataclass(frozen=True, kw_only=True)
class Done:
    """The end of a text: `reason` is length, stopped or error."""

    reason: str
    tokens: int
    seconds: float
    message: str = ""


Event = Token | Spans | Done


class Ticket:
    """A text in the queue or being written."""

    def __init__(
        self, prompt: str, writing: Writing, forced: Mapping[int, int], *, trace: bool, count: int, exact: bool
    ) -> None:
        self.prompt, self.writing, self.forced, self.trace, self.count = prompt, writing, dict(forced), trace, count
        self.exact = exact
        self.left = threading.Event()
        self._loop, self._events = asyncio.get_running_loop(), asyncio.Queue[Event]()

    async def events(self) -> AsyncIterator[Event]:
        """What happens to the text, up to Done."""
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Done):
                return

    def leave(self) -> None:
        """Free the place at the next token."""
        self.left.set()

    def tell(self, event: Event) -> None:
        """Hand `event` over to the event loop."""
        try:
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)
        except RuntimeError:  # the loop has ended
            self.left.set()
