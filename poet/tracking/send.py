"""`python -m poet.tracking.send ROOT SPOOL`: send a spool to the MLflow of a repository, at the lowest priority.

A training starts this process at each snapshot, so that MLflow's work does not hold up its steps.
"""

import contextlib
import os
import sys
import time
from pathlib import Path

from poet.tracking.publishing import publish, report_unsent

# The lowest priority, and where Linux takes that of a session.
LOWEST, AUTOGROUP = 19, Path("/proc/self/autogroup")


def main() -> int:
    """Send what the arguments name; 1 if MLflow did not take it."""
    _give_way()
    root, spool = map(Path, sys.argv[1:3])
    problem = publish(spool, root)
    if problem:
        report_unsent(problem, root)
    return int(bool(problem))


def _give_way() -> None:
    """Run only when nothing else wants to: every step of the training would wait for the core that this process has."""
    if not hasattr(os, "nice"):
        return
    os.nice(LOWEST)
    # Where no cgroup does it, Linux divides the processor among sessions first, and a training starts this process in a
    # session of its own. Without the session's priority, that of the process means nothing (man 7 sched, "The autogroup
    # feature").
    if os.getsid(0) == os.getpid():
        # Other kernels lack the file, and some containers do not let it be written.
        with contextlib.suppress(OSError):
            _write_patiently(AUTOGROUP, str(LOWEST))


def _write_patiently(path: Path, value: str) -> None:
    """Write `value`: Linux takes one such write in a tenth of a second from all users, so try for a second."""
    for _ in range(10):
        try:
            path.write_text(value, encoding="utf-8")
            return
        except BlockingIOError:
            time.sleep(0.1)


if __name__ == "__main__":
    raise SystemExit(main())
