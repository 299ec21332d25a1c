"""All public hosts at once, and a clock for their pauses, as fixtures."""

import io
import time
from itertools import pairwise
from types import SimpleNamespace

import pytest
import requests

from poet.sources.gutenberg.http import FileSession


@pytest.fixture
def clock(monkeypatch):
    """A clock for the client that only sleeping moves, so that pauses of any length are exact and take no time."""
    clock = SimpleNamespace(now=100.0, wall=time.time())

    def sleep(seconds):
        clock.now += seconds

    fake = SimpleNamespace(monotonic=lambda: clock.now, time=lambda: clock.wall, sleep=sleep)
    monkeypatch.setattr("poet.sources.gutenberg.http.time", fake)
    return clock


class Internet(requests.adapters.BaseAdapter):
    """All public hosts at once: records each request with its time, and answers with a book or by `script`.

    `script` lists status and headers of the next responses.
    """

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.requests, self.headers = [], []
        self.script = []

    def send(self, request, **options):
        self.requests.append((self.clock.now, request.url))
        self.headers.append(request.headers)
        response = requests.Response()
        response.status_code, headers = self.script.pop(0) if self.script else (200, {})
        response.headers.update(headers)
        response.url, response.request, response.raw = request.url, request, io.BytesIO(b"A book.")
        response.headers.setdefault("Content-Length", "7")
        return response

    def close(self):
        pass

    def distances(self):
        """Seconds between each request and the next."""
        return [after - before for (before, _), (after, _) in pairwise(self.requests)]


@pytest.fixture
def internet(clock):
    return Internet(clock)


def session_to(internet):
    session = FileSession()
    for scheme in ("http://", "https://"):
        session.mount(scheme, internet)
    return session
