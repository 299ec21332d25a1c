"""Opening a page in the browser of the person at the terminal, where there is one."""

import contextlib
import os
import subprocess
import sys

# Variables that name a graphical display, outside macOS and Windows, which always have one.
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def open_page(address: str) -> None:
    """Open `address` in a browser if a person is at the terminal, with a graphical display; never fails or waits."""
    graphical = sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in DISPLAYS)
    if not (graphical and sys.stdout.isatty()):
        return
    # Python's `webbrowser` waits for some browsers, and some others are programs of the terminal. So it runs in a
    # process of its own, in a session without a terminal that it could take over.
    with contextlib.suppress(OSError):
        subprocess.Popen(
            [sys.executable, "-I", "-m", "webbrowser", address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
