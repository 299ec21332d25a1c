"""A proxy in front of a real server. The proxy spoils the requests that a test names."""

import contextlib
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

# What a fault does with a request: it gets the path and a function that asks the server, and returns what the client
# sees as (status, type, body); None closes the connection without a reply.
Reply = tuple[int, str, bytes] | None
Fault = Callable[[str, Callable[[], Reply]], Reply]


class FaultProxy:
    """Passes requests on to `target`, or to the first of `faults` that is left, which it uses up.

    A fault is (part of a path, what happens); it waits for the first request whose path has that part.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.faults: list[tuple[str, Fault]] = []
        # Paths of all requests, and their Authorization headers.
        self.seen: list[str] = []
        self.authorizations: set[str] = set()
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _fault(self, path: str) -> Fault | None:
        with self.lock:
            self.seen.append(path)
            for fault in self.faults:
                if fault[0] in path:
                    self.faults.remove(fault)
                    return fault[1]
        return None

    def _handler(self) -> Any:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                proxy.authorizations.add(self.headers.get("Authorization", ""))
                headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP}

                def ask() -> Reply:
                    reply = requests.request(
                        self.command, proxy.target + self.path, data=body, headers=headers, timeout=120
                    )
                    return reply.status_code, reply.headers.get("Content-Type", ""), reply.content

                fault = proxy._fault(self.path)
                reply = fault(self.path, ask) if fault else ask()
                if reply is None:
                    self.close_connection = True
                    return
                with contextlib.suppress(OSError):
                    self.send_response(reply[0])
                    self.send_header("Content-Type", reply[1])
                    self.send_header("Content-Length", str(len(reply[2])))
                    self.end_headers()
                    self.wfile.write(reply[2])

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


HOP = {"host", "connection", "content-length", "accept-encoding"}


def fails(path: str, ask: Callable[[], Reply]) -> Reply:
    """The server fails before it does anything."""
    return 500, "text/plain", b"Internal Server Error"


def loses_the_reply(path: str, ask: Callable[[], Reply]) -> Reply:
    """The server does what it is asked, and the connection breaks before the reply."""
    ask()
    return None


def accepts_and_fails(path: str, ask: Callable[[], Reply]) -> Reply:
    """The server does what it is asked, and says 500."""
    ask()
    return 500, "text/plain", b"Internal Server Error"


def answers_a_page(path: str, ask: Callable[[], Reply]) -> Reply:
    """A login page of a proxy in between, with status 200."""
    return 200, "text/html", b"<!DOCTYPE html>\n<html>\n<body>Please log in</body>\n</html>\n" * 50


def hangs(path: str, ask: Callable[[], Reply]) -> Reply:
    """The server does what it is asked, and the reply comes when nobody waits any more."""
    ask()
    time.sleep(7)
    return None
