"""The gate of the server: what every request has to pass, and what every answer gets.

A web page of somebody else can let a browser send requests to this machine. It cannot read the answers, as no header
allows that (CORS); its requests have no JSON as their content type, without asking first; and where its own name was
made to point at this machine (DNS rebinding), the header Host still has that name.
"""

import asyncio
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from poet.serve.web.limits import Limits, RateLimiter
from poet.serve.web.metrics import Metrics
from poet.serve.web.problems import Problem, busy

# What the answers may do in a browser. The page has a policy of its own, which names its scripts.
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
SECURITY_HEADERS = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

# The names by which a program reaches a server that listens on this machine alone.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

# What everybody may ask for: whoever watches the server, and the page, which holds nothing but its own program.
OPEN = frozenset({"/", "/health"})

# uvicorn closes the connection behind it, so the answer says so.
OUR_MISTAKE = Problem(500, "the server made a mistake; its log says which.", headers={"Connection": "close"})

# Seconds after which a client may come back to a server that is about to end: another one may be there by then.
ENDING_SECONDS = 5


@dataclass(kw_only=True)
class Gate:
    """What the gate lets pass.

    `hosts` are the values of Host that are allowed, without the port; None allows all. `token` is what a client has to
    know; "" lets everybody in.
    """

    limits: Limits = field(default_factory=Limits)
    token: str = field(default="", repr=False)
    hosts: frozenset[str] | None = LOOPBACK
    metrics: Metrics = field(default_factory=Metrics)
    # The server is about to end and takes nothing new.
    is_ending: bool = False

    def __post_init__(self) -> None:
        self.limiter = RateLimiter(self.limits.per_minute)

    def check(self, scope: Scope) -> None:
        """Problem where the request may not pass. What costs least to check comes first."""
        headers = Headers(scope=scope)
        if self.hosts is not None and _host(headers.get("host", "")) not in self.hosts:
            raise Problem(421, f"this server does not answer for the host {ascii(headers.get('host', ''))[:80]}.")
        # Whoever watches the server asks for its health, also at its end.
        if scope["path"] == "/health":
            return
        if self.is_ending:
            raise busy("the server is about to end.", ENDING_SECONDS)
        if self.token and scope["path"] not in OPEN and not _knows(headers.getlist("authorization"), self.token):
            raise Problem(401, "this server needs its token.", headers={"WWW-Authenticate": "Bearer"})

    def check_body(self, scope: Scope) -> None:
        """Problem where the body of a request may not be read."""
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Problem(415, "the content type should be application/json.")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length[:20]) > self.limits.body:
            raise self.too_large()
        client = (scope.get("client") or ("unknown", 0))[0]
        if seconds := self.limiter.seconds_to_wait(client):
            message = f"more than {self.limits.per_minute} texts in a minute; come back in {seconds} s."
            raise Problem(429, message, code="rate_limit_exceeded", headers={"Retry-After": str(seconds)})

    def too_large(self) -> Problem:
        """The answer to a body that is too large."""
        return Problem(413, f"a body may have {self.limits.body} bytes.", code="body_too_large")


class GateMiddleware:
    """Lets a request pass to `app` with its whole body, or answers it.

    `paths` are the addresses of `app` with their methods, in small letters: it refuses all others itself.
    """

    def __init__(self, app: ASGIApp, gate: Gate, paths: Mapping[str, Collection[str]]) -> None:
        self.app, self.gate, self.paths = app, gate, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent: list[int] = []
        send = self._marking(scope, send, sent)
        try:
            self.gate.check(scope)
            if scope["method"] == "POST" and "post" in self.paths.get(scope["path"], ()):
                self.gate.check_body(scope)
                receive = await self._read_body(receive)
        except Problem as problem:
            await problem.answer()(scope, receive, send)
            return
        except _Gone:
            return
        try:
            await self.app(scope, receive, send)
        except Exception:
            # Our mistake. uvicorn logs it; nothing of it goes to a stranger.
            if not sent:
                await OUR_MISTAKE.answer()(scope, receive, send)
            raise

    def _marking(self, scope: Scope, send: Send, sent: list[int]) -> Send:
        """`send`, which counts the answer, adds the headers that all answers have, and puts its status into `sent`."""
        path = scope["path"] if scope["path"] in self.paths else "other"

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])
                self.gate.metrics.requests[path, message["status"]] += 1
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        return sending

    async def _read_body(self, receive: Receive) -> Receive:
        """`receive` with the whole body in one message; Problem where it is too large, too slow or no UTF-8."""
        body, limits = bytearray(), self.gate.limits
        try:
            async with asyncio.timeout(limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    body += message.get("body", b"")
                    if len(body) > limits.body:
                        raise self.gate.too_large()
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise Problem(408, f"the body did not arrive within {limits.body_seconds:g} s.") from None
        _check_json(bytes(body))
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def receiving() -> Message:
            return whole.pop() if whole else await receive()

        return receiving


class _Gone(Exception):
    """The client has gone before its request was complete."""


def _check_json(body: bytes) -> None:
    """Problem where `body` is no JSON in UTF-8, or JSON that no function can walk through."""
    try:
        json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Problem(400, f"the body is not UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise Problem(400, "the body is nested too deeply.") from None
    except ValueError as error:
        raise Problem(400, f"the body is no JSON: {error}.") from None


def _host(value: str) -> str:
    """The name in a header Host, without the port.

    >>> _host("LOCALHOST:8000"), _host("[::1]:80"), _host("[::1]")
    ('localhost', '[::1]', '[::1]')
    """
    name, colon, port = value.lower().rpartition(":")
    return name if colon and port.isdigit() else value.lower()


def _knows(values: list[str], token: str) -> bool:
    """Whether one of the headers Authorization has the token.

    >>> _knows(["Bearer secret"], "secret"), _knows(["Bearer secre"], "secret"), _knows([], "secret")
    (True, False, False)
    """
    for value in values:
        scheme, _, given = value.partition(" ")
        # The comparison takes as long wherever the first wrong character is.
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
            return True
    return False
