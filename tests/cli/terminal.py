"""A program in a real pseudo-terminal, and what a person would see there: pyte is a terminal without a window."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyte

from tests.clone import ROOT

# The keys that matter here.
CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"


class Terminal:
    """The screen of a program, and its keyboard."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, columns: int, rows: int) -> None:
        self.process, self.master = process, master
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def read(self, seconds: float = 0.05) -> bool:
        """Read what the program writes within `seconds`; False when it has ended."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            try:
                content = os.read(self.master, 65536)
            except OSError:  # Linux says so when the program has closed the terminal
                return False
            self.raw += content
            self._stream.feed(content)
            return bool(content)
        return self.process.poll() is None

    def lines(self) -> list[str]:
        """The rows with text on the screen."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def wait(self, is_so: Callable[[list[str]], bool], seconds: float = 30.0) -> list[str]:
        """The rows on the screen, when they are as wanted."""
        deadline = time.monotonic() + seconds
        while not is_so(self.lines()):
            assert time.monotonic() < deadline, "\n".join(["the screen never was as wanted:", *self.lines()])
            self.read()
        return self.lines()

    def wait_for_prompt(self) -> list[str]:
        """The rows on the screen, when the program waits for a line."""
        return self.wait(lambda lines: bool(lines) and lines[-1] == ">")

    def ask(self, line: str) -> list[str]:
        """The rows that the program shows below `line`, when it waits for the next one."""
        typed = f"> {line}".rstrip()
        self.type(line + "\n")

        def below(lines: list[str]) -> list[str]:
            last = max((number for number, row in enumerate(lines) if row == typed), default=len(lines))
            return lines[last + 1 :]

        return below(self.wait(lambda lines: below(lines)[-1:] == [">"]))[:-1]

    def coloured(self, lines: slice) -> str:
        """The characters in some rows of the screen that have a background colour."""
        buffer, columns = self.screen.buffer, range(self.screen.columns)
        cells = [buffer[row][column] for row in range(self.screen.lines)[lines] for column in columns]
        return "".join(cell.data for cell in cells if cell.bg != "default")

    def ends_with(self) -> int:
        """The exit status of the program, when it has ended."""
        while self.read():
            pass
        return self.process.wait(20)


def _own_the_terminal() -> None:
    """Make Ctrl-C a signal for this process, also where a test runs in the background and shells ignore it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def terminal(arguments: Sequence[str], home: Path, *, columns: int = 80, rows: int = 60) -> Iterator[Terminal]:
    """`poet` with `arguments` in a terminal; its history is in the folder `home`."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "poet.cli", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=_own_the_terminal,
        env=environment
        | {
            **{"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)},
            **{"XDG_STATE_HOME": str(home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        },
    )
    os.close(slave)
    try:
        yield Terminal(process, master, columns, rows)
    finally:
        process.kill()
        process.wait()
        os.close(master)
