"""`poet ui`: the MLflow web page over this project's runs."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import click
import requests

from poet.cli.browser import open_page
from poet.errors import PoetError
from poet.params.file import load_params
from poet.project import require_project
from poet.tracking.address import configured_uri, server_variables, tracking_uri, without_secrets
from poet.tracking.experiment_page import list_addresses
from poet.tracking.faults import explain
from poet.tracking.mlflow_store import mlflow_client

# MLflow's server needs 5 to 15 seconds to start, more on a busy machine.
START_SECONDS = 120.0

# How long the server may take to end before it is killed.
END_SECONDS = 10.0


@click.command(epilog="Example: poet ui --port 5001")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Port on this machine.")
@click.option("--no-browser", is_flag=True, help="Print the addresses only; at a terminal, a browser opens the first.")
def ui(port: int, no_browser: bool) -> None:
    """Show all training runs in the browser: parameters, curves, samples, reports."""
    root = require_project()
    if configured_uri(root).startswith("http"):
        click.echo(f"The runs are at {tracking_uri(root)}")
        if not no_browser:
            open_page(tracking_uri(root))
        return
    _require_free(port)
    # A database that this MLflow cannot read would make the server fail with a traceback.
    try:
        pages = list_addresses(mlflow_client(root), _collections(root))
    except Exception as error:  # whatever MLflow raises, with the cure in one line
        raise PoetError(f"MLflow does not open {tracking_uri(root)}: {explain(error, root).text}") from None
    with _server(root, port) as (server, output):
        _wait_until_it_answers(server, port, output, root)
        address = f"http://127.0.0.1:{port}"
        for collection, page in pages.items():
            click.echo(f"{collection}: {address}{page}")
        click.echo(f"Open {'one of these' if pages else address} ; Ctrl-C ends.")
        if not no_browser:
            open_page(address + next(iter(pages.values()), ""))
        server.wait()
        raise PoetError(f"MLflow's server ended by itself: {_last_line(output, root)}")


def _collections(root: Path) -> Iterable[str]:
    """The names of the collections in params.yaml; none if it is missing or has faults, which other commands name."""
    with contextlib.suppress(PoetError):
        return load_params(root / "params.yaml").collections
    return ()


def _require_free(port: int) -> None:
    """PoetError if another program listens on `port`."""
    with socket.socket() as probe:
        # The server sets it too: a port that was used a minute ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PoetError(
                f"port {port} of this machine cannot be used ({error.strerror}). Close the program that has it, or "
                f"choose another: `poet ui --port {port + 1 if port < 65535 else 5000}`."
            ) from None


@contextlib.contextmanager
def _server(root: Path, port: int) -> Iterator[tuple["subprocess.Popen[bytes]", IO[bytes]]]:
    """MLflow's server and the file with what it prints. It ends with the block, also by Ctrl-C and SIGTERM."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with tempfile.TemporaryFile() as output:
        # In a session of its own, the server and its workers are one group that can be ended as a whole.
        server = subprocess.Popen(
            command,
            env=server_variables(root),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=root,
        )
        ends = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
        previous = {number: signal.signal(number, _stop) for number in ends}
        try:
            yield server, output
        except KeyboardInterrupt:
            click.echo("The server has ended.")
        finally:
            _end(server)
            for number, handler in previous.items():
                signal.signal(number, handler)


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End `server` and all processes of its group: asked first, then killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(server.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(END_SECONDS)


def _wait_until_it_answers(server: "subprocess.Popen[bytes]", port: int, output: IO[bytes], root: Path) -> None:
    """Return as soon as the server answers; PoetError if it ends or does not answer in time."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise PoetError(f"MLflow's server did not start: {_last_line(output, root)}")
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"http://127.0.0.1:{port}/health", timeout=2).ok:
                return
        time.sleep(0.2)
    raise PoetError(f"MLflow's server did not answer within {START_SECONDS:.0f} s: {_last_line(output, root)}")


def _last_line(output: IO[bytes], root: Path) -> str:
    """The last line that the server printed, which says why it ended."""
    output.seek(0)
    lines = output.read().decode("utf-8", "replace").strip().splitlines()
    return without_secrets(lines[-1], root) if lines else "it printed nothing"
