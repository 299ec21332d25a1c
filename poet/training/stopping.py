"""How a training learns that it shall stop: Ctrl-C, or the end of a batch job."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from poet.progress import log

# The signals that ask a training to stop: Ctrl-C, and the end of a batch job.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stop_requests() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM inside the `with` block instead of ending at once; a second SIGINT does end at once.

    Yields the list of the signals received so far.
    """
    received: list[int] = []

    # Python runs a signal handler between two instructions, anywhere in the step. It may only take a note; the loop
    # reads it when the step is complete.
    def note(number: int, frame: FrameType | None) -> None:
        if received and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(number)
        log("stopping after this step; once more to stop at once")

    previous = {number: signal.signal(number, note) for number in STOP_SIGNALS}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
