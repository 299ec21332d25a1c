"""The measurement over HTTP reads a real server, and says what is wrong where it cannot."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from poet.benchmark import serving_http
from poet.benchmark.serving_http import Load, main, serve
from poet.errors import PoetError
from tests.serve.web.running import Limits, running, small_poet


def test_a_real_server_is_measured(trained, monkeypatch):
    monkeypatch.setattr(serving_http, "LOADS", serving_http.LOADS[:2])
    with running({"small": small_poet(trained)}) as server:
        result = CliRunner().invoke(main, ["--url", f"{server.url}/", "--seconds", "0.5"])
        assert result.exit_code == 0, result.output
        assert "| 4 | no | 0 | a line |" in result.output
        served = serve(server.url, Load(readers=3, trace=True, alternatives=2), seconds=0.5)
        assert served.tokens_per_second > 0 and 0 < served.first_token <= served.first_token_95


def test_a_server_that_refuses_or_is_gone_is_one_message(trained):
    one = Load(readers=1, trace=False, alternatives=0)
    with (
        running({"small": small_poet(trained)}, limits=Limits(per_minute=1)) as server,
        pytest.raises(PoetError, match=r"did not serve 1 readers: 429 .*--per-minute 0"),
    ):
        serve(server.url, one, seconds=1)
    with pytest.raises(PoetError, match=r"did not serve 1 readers: .*refused"):
        serve(server.url, one, seconds=0.5)


@contextmanager
def another(line, events):
    """The address of another server, which answers with `line`, and with `events` as a text."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(line)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(events)

        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            """Nothing: this is a test."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


TOKEN = b"event: token\ndata: {}\n\n"
BROKEN_OFF = TOKEN + b'event: error\ndata: {"type": "error", "message": "the program failed"}\n\n'


@pytest.mark.parametrize(
    ("line", "events", "message"),
    [
        (b'{"text": "x"}', BROKEN_OFF, "the program failed. Start it"),
        (b'{"other": "x"}', TOKEN, "its answers are not those of `poet serve`"),
        (b'["x"]', TOKEN, "its answers are not those of `poet serve`"),
        (b"<html>", TOKEN, "did not serve 1 readers: Expecting value"),
        (b'{"text": "x"}', b": still here\n\n", "it wrote no token"),
    ],
)
def test_an_error_within_a_text_and_another_server_are_one_message(line, events, message):
    with another(line, events) as url, pytest.raises(PoetError) as caught:
        serve(url, Load(readers=1, trace=False, alternatives=0), seconds=0.5)
    assert message in caught.value.message
