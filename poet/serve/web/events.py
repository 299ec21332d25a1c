"""The events of a text as a stream of server-sent events, up to its end or until the client has gone.

An event is two lines, `event: token` and `data: {...}`, and a blank one (WHATWG, HTML, section 9.2). The JSON is ASCII,
so that nothing in it can end a line.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from poet.serve.tickets import Done, Event, Spans, Token

MEDIA_TYPE = "text/event-stream"

# Neither a browser nor a proxy keeps a stream or waits for more of it: nginx knows the second name.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

# Digits of a probability: more say nothing to a person.
DIGITS = 6

# A line that no reader shows is sent after this many silent seconds, so that no proxy gives the stream up.
HEARTBEAT_SECONDS = 10.0
HEARTBEAT = b": still here\n\n"

Result = TypeVar("Result")


def as_json(event: Event) -> dict[str, Any]:
    """`event` as the page gets it."""
    match event:
        case Token():
            return {
                "type": "token",
                "index": event.index,
                "token": event.token,
                "text": event.text,
                "alternatives": [
                    {"token": one.token, "text": one.text, "probability": round(one.probability, DIGITS)}
                    for one in event.alternatives
                ],
                "probability": round(event.probability, DIGITS),
                "start": event.start,
                "end": event.end,
            }
        case Spans():
            return {
                "type": "spans",
                "spans": [
                    {
                        "start": span.start,
                        "end": span.end,
                        "sources": [
                            {"book": one.book, "start": one.start, "end": one.end, "count": one.count}
                            for one in span.sources
                        ],
                    }
                    for span in event.spans
                ],
            }
        case Done(reason="error"):
            return {"type": "error", "message": event.message}
        case Done():
            return {
                "type": "done",
                "reason": event.reason,
                "tokens": event.tokens,
                "seconds": round(event.seconds, 3),
            }


def encoded(value: dict[str, Any]) -> bytes:
    r"""An event of the protocol between page and engine.

    >>> encoded({"type": "done", "reason": "length"})
    b'event: done\ndata: {"type": "done", "reason": "length"}\n\n'
    """
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode("ascii")


class EventStream(Response):
    """An answer of many parts. `close` is called as soon as they end or the client goes, whichever is first."""

    media_type = MEDIA_TYPE

    def __init__(self, parts: AsyncGenerator[bytes, None], close: Callable[[], None]) -> None:
        self.parts, self.close, self.last = parts, close, time.monotonic()
        self.status_code, self.background = 200, None
        self.init_headers(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the parts as they come."""
        try:
            await unless_gone(receive, self._send_all(send))
        finally:
            self.close()
            await self.parts.aclose()

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        beating = asyncio.ensure_future(self._beat(send))
        try:
            async for part in self.parts:
                self.last = time.monotonic()
                await send({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            beating.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _beat(self, send: Send) -> None:
        """Send a HEARTBEAT wherever the next part is long in coming."""
        while True:
            await asyncio.sleep(max(0.0, self.last + HEARTBEAT_SECONDS - time.monotonic()))
            if time.monotonic() - self.last >= HEARTBEAT_SECONDS:
                self.last = time.monotonic()
                await send({"type": "http.response.body", "body": HEARTBEAT, "more_body": True})


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result | None:
    """The result of `work`; None where the client goes before, which ends the work."""
    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, watching):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await working


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
