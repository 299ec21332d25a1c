"""A real MLflow server in a process of its own, and a proxy in front of it that spoils what it is told to spoil."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """The address of an MLflow server with a database in `folder`; it ends with the block, with all its children."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/server.db"]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with (folder / "server.log").open("wb") as output:
        server = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=folder,
            env={key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")},
        )
    try:
        for _ in range(1500):
            assert server.poll() is None, (folder / "server.log").read_text(encoding="utf-8")
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"http://127.0.0.1:{port}/health", timeout=2).ok:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, 15)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, 9)
        server.wait()


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
