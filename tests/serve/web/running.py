"""A real server on a free port of the loopback address, with a tiny trained model and the index of its books."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from poet.export.page_template import render_poet_page
from poet.generation.ending import Ending
from poet.generation.stream import stream_texts
from poet.serve.answers import Poet, open_poet
from poet.serve.engine import Engine
from poet.serve.request import Writing
from poet.serve.web.app import create_app
from poet.serve.web.gate import Gate
from poet.serve.web.limits import Limits
from poet.serve.web.offer import Book, Offered
from poet.serve.web.running import Server, address, listen, make_server, serve

PAGE = render_poet_page("server")

# No test is about the rate, but those that set one.
LIMITS = Limits(per_minute=0)


@dataclass
class Running:
    """A server that runs in a thread of the test."""

    url: str
    server: Server
    offers: list[Offered]
    thread: threading.Thread

    @property
    def engine(self) -> Engine:
        """The engine of the first model."""
        return self.offers[0].engine

    @property
    def poet(self) -> Poet:
        """The first model."""
        return self.offers[0].poet

    def client(self, **options: Any) -> httpx.Client:
        """A client of the server."""
        return httpx.Client(base_url=self.url, timeout=60, **options)


def small_poet(folder: Path, *, index: bool = True, min_length: int = 12) -> Poet:
    """The trained model in `folder`."""
    return open_poet(folder / "model", folder / "index" if index else None, min_length)


# Bodies of a text that takes a second, and of one that takes no time.
LONG = {"prompt": "the old ", "settings": {"tokens": 1000, "temperature": 1.0}, "trace": False}
SHORT = {"prompt": "the old ", "settings": {"tokens": 8}}

# An end after exactly as many tokens as asked for.
EXACT = Ending()


def alone(poet: Poet, prompt: str, ending: Ending | None = EXACT, **settings: Any) -> str:
    """What `poet generate` writes behind `prompt`, without the server and its engine; `ending` None: with its line."""
    writing = Writing(**settings)
    guard = poet.guard(writing.max_copy)
    (pieces,) = stream_texts(poet.trained, prompt, [writing], writing.max_new_tokens, guard, ending)
    return "".join(pieces)


@contextlib.contextmanager
def running(
    poets: dict[str, Poet],
    *,
    limits: Limits = LIMITS,
    places: int = 4,
    waiting: int = 8,
    grace: float = 5.0,
    proxies: str = "",
    **gate: Any,
) -> Iterator[Running]:
    """A server that offers `poets`, while the block runs."""
    offers = [
        Offered(
            name=name,
            title=name.capitalize(),
            collection=name,
            poet=poet,
            engine=Engine(poet, places=places, waiting=waiting),
            books=[Book(id="winter", title="A <b>Winter</b>", author="B. Abble")],
            language="en",
        )
        for name, poet in poets.items()
    ]
    the_gate = Gate(limits=limits, **gate)
    app = create_app(offers, PAGE.html, PAGE.policy, the_gate)
    server = make_server(app, the_gate, [one.engine for one in offers], grace=grace, proxies=proxies)
    listener, ready = listen("127.0.0.1", 0), threading.Event()
    url = address(listener).rstrip("/")
    thread = threading.Thread(target=serve, args=(server, listener, ready.set))
    thread.start()
    assert ready.wait(30)
    try:
        yield Running(url, server, offers, thread)
    finally:
        server.begin_to_end()
        thread.join(30)
        assert not thread.is_alive()


def parse(text: str) -> list[dict[str, Any]]:
    """The events of a stream, read by the rules of the standard and not by those of our code."""
    events, name, data = [], "", []
    for line in text.split("\n"):
        if not line:
            if data:
                event = json.loads("\n".join(data))
                assert event["type"] == name
                events.append(event)
            name, data = "", []
            continue
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key == "event":
            name = value
        elif key == "data":
            data.append(value)
    assert not data, "the stream ends within an event"
    return events


def text_of(events: list[dict[str, Any]]) -> str:
    """The text that a stream wrote."""
    return "".join(event["text"] for event in events if event["type"] == "token")


def wait_until(is_so: Callable[[], bool], seconds: float = 10.0) -> float:
    """The seconds until `is_so`; AssertionError if that takes too long."""
    begin = time.monotonic()
    while not is_so():
        assert time.monotonic() - begin < seconds, "it took too long"
        time.sleep(0.005)
    return time.monotonic() - begin


@contextlib.contextmanager
def streaming(
    client: httpx.Client, body: dict[str, Any], events: int = 1
) -> Iterator[tuple[httpx.Response, Iterator[str]]]:
    """A stream of which some events were read, and the rest of its lines."""
    with client.stream("POST", "/api/write", json=body) as answer:
        assert answer.status_code == 200
        lines = answer.iter_lines()
        read = 0
        while read < events:
            read += next(lines).startswith("event: token")
        yield answer, lines
