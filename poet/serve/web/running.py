"""The server as a process: a socket, uvicorn, and an end that lets the texts be finished that are being written.

A signal begins the end: nothing new is taken, each engine finishes its texts or stops them after the grace, and then
the process ends. A second signal ends it at once.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from poet.errors import PoetError
from poet.serve.engine import Engine
from poet.serve.web.gate import Gate

# Seconds that texts may still take when the server ends, and that their last bytes may take to the clients.
GRACE_SECONDS, LAST_BYTES_SECONDS = 5.0, 2

# Connections that are open at a time. Most are browsers that keep one for later.
MOST_CONNECTIONS = 512


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`, 0 for any; PoetError where another program does, or none can."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # asyncio sends without Nagle's delay, 40 ms for each first token, only where the protocol has its number.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise PoetError(f"{host} is no address of this machine ({error.strerror}). Try --host 127.0.0.1.") from None
    # A port that was used a minute ago is free.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PoetError(
            f"{host}, port {port}, cannot be used ({error.strerror}). Close the program that has the port, or choose "
            f"another: `poet serve --port {port + 1 if port < 65535 else 8000}`, or --port 0 for any that is free."
        ) from None
    return listener


def address(listener: socket.socket) -> str:
    """The address of the page, for a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class Server(uvicorn.Server):
    """uvicorn's server with our end."""

    def __init__(self, config: uvicorn.Config, gate: Gate, engines: Sequence[Engine], grace: float) -> None:
        super().__init__(config)
        self.gate, self.engines, self.grace = gate, engines, grace
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end, or end at once. uvicorn's own would raise the signal once more behind it."""
        if self.gate.is_ending:
            self.should_exit = self.force_exit = True
        self.begin_to_end()

    def begin_to_end(self) -> None:
        """Take nothing new, let the engines finish, and end then. From any thread; more calls change nothing."""
        if self.gate.is_ending:
            return
        self.gate.is_ending = True
        # A daemon, because it waits: a second signal ends the process nevertheless.
        threading.Thread(target=self._end, name="end", daemon=True).start()

    def _end(self) -> None:
        closing = [threading.Thread(target=engine.close, args=(self.grace,), daemon=True) for engine in self.engines]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()
        self.should_exit = True


def make_server(
    app: ASGIApp, gate: Gate, engines: Sequence[Engine], *, grace: float = GRACE_SECONDS, proxies: str = ""
) -> Server:
    """uvicorn for `app`. `proxies` are the addresses of reverse proxies, with commas between, that are believed."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Only a proxy that is named may say whose request it passes on: the limits of each client rest on it.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        ws="none",
        lifespan="off",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=LAST_BYTES_SECONDS,
    )
    return Server(config, gate, engines, grace)


def serve(server: Server, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve on `listener` until a signal ends it; `ready` is called as soon as requests are answered."""

    async def run() -> None:
        serving = asyncio.ensure_future(server.serve([listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if server.started:
            ready()
        await serving

    asyncio.run(run())
