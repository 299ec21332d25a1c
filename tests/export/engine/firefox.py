"""Firefox without a window, driven by its own protocol, Marionette: messages of JSON over a socket.

playwright drives only a Firefox of its own, which a distribution does not have.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")

# Seconds for the browser to start, and for a script to answer.
START, ANSWER = 60, 60


class Firefox:
    """A session: opens pages and runs scripts in them."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.number = connection, 0
        self._receive()  # it introduces itself
        self("WebDriver:NewSession", capabilities={"alwaysMatch": {"timeouts": {"script": ANSWER * 1000}}})

    def __call__(self, command: str, **parameters: Any) -> Any:
        """The answer to a command of Marionette."""
        self.number += 1
        message = json.dumps([0, self.number, command, parameters]).encode()
        self.connection.sendall(f"{len(message)}:".encode() + message)
        _, _, error, value = self._receive()
        assert error is None, error
        return value

    def open(self, path: Path) -> None:
        """Open a file and wait until it is loaded."""
        self("WebDriver:Navigate", url=path.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        """What `script`, the body of a function, hands to `arguments[arguments.length - 1]`, in the open page."""
        return self("WebDriver:ExecuteAsyncScript", script=script, args=list(arguments), newSandbox=True)["value"]

    def _receive(self) -> Any:
        size = b""
        while not size.endswith(b":"):
            size += self._read(1)
        content = b""
        while len(content) < int(size[:-1]):
            content += self._read(int(size[:-1]) - len(content))
        return json.loads(content)

    def _read(self, size: int) -> bytes:
        read = self.connection.recv(size)
        assert read, "Firefox has ended"
        return read


@contextlib.contextmanager
def running_firefox(folder: Path) -> Iterator[Firefox]:
    """A Firefox with a new profile in `folder`, which is empty."""
    assert FIREFOX
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    preferences = {
        "marionette.port": port,
        "app.update.auto": False,
        "datareporting.policy.dataSubmissionEnabled": False,
    }
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
    (folder / "user.js").write_text("".join(lines), encoding="utf-8")
    arguments = [FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", str(folder)]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with _connected(port) as connection:
            yield Firefox(connection)
    finally:
        process.terminate()
        process.wait(START)


def _connected(port: int) -> socket.socket:
    end = time.monotonic() + START
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=ANSWER)
        except ConnectionRefusedError:
            assert time.monotonic() < end, "Firefox does not start"
            time.sleep(0.2)
        else:
            return connection
