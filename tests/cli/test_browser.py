"""`poet ui` at a terminal opens a browser: a program that records the address, found as a real one is, by $BROWSER."""

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import pytest

from poet.tracking.run import tracking
from tests.clone import ROOT
from tests.servers import free_port

SERVER = "https://mlflow.lab/team"


class Terminal:
    """Runs `poet ui` in a project of its own, at a terminal that a person could type into."""

    def __init__(self, folder):
        self.folder = folder
        self.opened = folder / "opened.txt"
        self.project = folder / "project"
        self.project.mkdir()
        (self.project / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
        self.environment = {key: value for key, value in os.environ.items() if key != "WAYLAND_DISPLAY"}
        self.environment |= {"PYTHONPATH": str(ROOT), "DISPLAY": ":77", "TERM": "xterm"}
        self.environment |= {"MLFLOW_TRACKING_URI": SERVER, "DVC_ROOT": ""}
        self.browser(f'echo "$1" > {self.opened}')

    def browser(self, script):
        program = self.folder / "browser"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        self.environment["BROWSER"] = str(program)

    @contextlib.contextmanager
    def running(self, *words):
        """The process of `poet ui`, and the end of the terminal that shows what it prints."""
        ours, its = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "poet.cli", "ui", *words],
            stdin=its, stdout=its, stderr=its, env=self.environment, cwd=self.project, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # /dev/tty is then this terminal
        )  # fmt: skip
        os.close(its)
        try:
            yield process, ours
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            os.close(ours)

    def run(self, *words):
        """All that a command prints that ends by itself."""
        with self.running(*words) as (process, ours):
            printed = b""
            with contextlib.suppress(OSError):  # the terminal is closed
                while piece := os.read(ours, 4096):
                    printed += piece
            assert process.wait(60) == 0
        return printed.decode().replace("\r", "")

    def address(self):
        """The address that the browser got, as soon as it has one."""
        deadline = time.monotonic() + 20
        while not (self.opened.exists() and self.opened.read_text(encoding="utf-8").endswith("\n")):
            assert time.monotonic() < deadline, "no browser was opened"
            time.sleep(0.05)
        return self.opened.read_text(encoding="utf-8").strip()


@pytest.fixture
def terminal(tmp_path):
    return Terminal(tmp_path)


def test_a_person_at_a_terminal_gets_a_browser(terminal):
    assert terminal.run() == f"The runs are at {SERVER}\n"
    assert terminal.address() == SERVER


def test_a_browser_that_goes_on_or_reads_the_terminal_is_not_waited_for(terminal):
    stolen = terminal.folder / "stolen.txt"
    terminal.browser(f'(: < /dev/tty) 2> /dev/null && touch {stolen}; echo "$1" > {terminal.opened}; exec sleep 5')
    begin = time.monotonic()
    assert terminal.run() == f"The runs are at {SERVER}\n"
    assert time.monotonic() - begin < 4
    assert terminal.address() == SERVER and not stolen.exists()


@pytest.mark.parametrize("case", ["--no-browser", "no display", "no terminal", "no browser"])
def test_otherwise_the_address_is_all(terminal, case):
    if case == "no display":
        del terminal.environment["DISPLAY"]
    if case == "no browser":
        terminal.environment |= {"BROWSER": str(terminal.folder / "missing"), "PATH": str(terminal.folder)}
    if case == "no terminal":
        command = [sys.executable, "-m", "poet.cli", "ui"]
        printed = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, env=terminal.environment, cwd=terminal.project
        ).stdout
    else:
        printed = terminal.run(*([case] if case.startswith("--") else []))
    assert printed == f"The runs are at {SERVER}\n"
    time.sleep(0.5)  # a browser would have been opened by now
    assert not terminal.opened.exists()


@pytest.mark.slow
def test_the_browser_opens_at_the_first_list_when_the_server_answers(terminal, monkeypatch):
    del terminal.environment["MLFLOW_TRACKING_URI"]
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with tracking(terminal.project, "shelf", "train") as tracker:
        tracker.metrics(0, {"evaluation/bits_per_character": 2.5})
    answered = terminal.folder / "answered.txt"
    # The browser asks for the page at once.
    ask = "import urllib.request, sys; print(urllib.request.urlopen(sys.argv[1].split('#')[0]).status)"
    terminal.browser(f'{sys.executable} -c "{ask}" "$1" > {answered}; echo "$1" > {terminal.opened}')
    with terminal.running("--port", str(port := free_port())) as (_, ours):
        printed = b""
        while b"Ctrl-C ends." not in printed:
            printed += os.read(ours, 4096)
        address = terminal.address()
    assert address.startswith(f"http://127.0.0.1:{port}/#/experiments/") and f"shelf: {address}" in printed.decode()
    assert answered.read_text(encoding="utf-8") == "200\n"
