"""What the engine of a server says while it writes, and how it gets from the engine's thread to whoever reads it."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from poet.attribution.online import OnlineSpan


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """A token that could have been chosen, with the model's own probability. A part of a character has U+FFFD."""

    token: int
    text: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Token:
    """The token number `index` of a text, from 0, and the whole characters `text` that can be shown because of it.

    They are `[start, end)` of the text. `probability` is the model's own, and so are those of the `alternatives`, the
    likeliest first.
    """

    index: int
    token: int
    text: str
    alternatives: tuple[Alternative, ...]
    probability: float
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Spans:
    """All passages of the text so far that books contain verbatim; they replace those that were named before."""

    spans: tuple[OnlineSpan, ...]


@dataclass(frozen=True, kw_only=True)
class Done:
    """The end of a text: `length` when its tokens are used up, `stopped` when it ended before, `error` with a message.

    `seconds` is the time since the request.
    """

    reason: Literal["length", "stopped", "error"]
    tokens: int
    seconds: float
    message: str = ""


Event = Token | Spans | Done


class Ticket:
    """A request to the engine. One reader takes its events, the last of which is `Done`.

    A reader in asyncio takes `events()`, any other iterates over the ticket.
    """

    def __init__(self, leave: Callable[["Ticket"], None]) -> None:
        self._leave = leave
        self._events: deque[Event] = deque()  # appending and taking are safe between two threads
        self._loop: asyncio.AbstractEventLoop | None = None
        self._in_loop: asyncio.Event | None = None
        self._in_thread = threading.Event()
        self.done = False  # the engine has said its last
        self.left = False  # the reader wants no more

    def leave(self) -> None:
        """End the text; its place is free at the next token."""
        if not (self.done or self.left):
            self.left = True
            self._leave(self)

    async def events(self) -> AsyncIterator[Event]:
        """The events as they come. To stop reading is to leave."""
        ready = asyncio.Event()
        # The engine adds an event first and then reads these two. Here they are set before the first event is read.
        self._in_loop, self._loop = ready, asyncio.get_running_loop()
        try:
            while True:
                while self._events:
                    event = self._events.popleft()
                    yield event
                    if isinstance(event, Done):
                        return
                ready.clear()
                if not self._events:
                    await ready.wait()
        finally:
            self.leave()

    def __iter__(self) -> Iterator[Event]:
        """The events as they come, for a reader that waits in a thread of its own. To stop reading is to leave."""
        try:
            while True:
                while self._events:
                    event = self._events.popleft()
                    yield event
                    if isinstance(event, Done):
                        return
                self._in_thread.clear()
                if not self._events:
                    self._in_thread.wait()
        finally:
            self.leave()

    def put(self, events: Iterable[Event]) -> None:
        """Add events, from the engine's thread; `wake` tells the reader."""
        for event in events:
            self._events.append(event)
            self.done = self.done or isinstance(event, Done)


def wake(tickets: Iterable[Ticket]) -> None:
    """Wake the readers of `tickets`. One call wakes all readers of an asyncio loop."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Event]] = {}
    for ticket in tickets:
        ticket._in_thread.set()
        if ticket._loop is not None and ticket._in_loop is not None:
            loops.setdefault(ticket._loop, []).append(ticket._in_loop)
    for loop, ready in loops.items():
        try:
            loop.call_soon_threadsafe(_set_all, ready)
        except RuntimeError:
            # The loop is closed, and nobody reads any more. Its requests leave when their readers are collected.
            continue


def _set_all(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        event.set()
