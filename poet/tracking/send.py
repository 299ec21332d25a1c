"""`python -m poet.tracking.send ROOT SPOOL`: send a spool to the MLflow of a repository, at the lowest priority.

A training starts this process at each snapshot, so that MLflow's work does not hold up its steps.
"""

import os
import signal
import sys
from pathlib import Path

from poet.tracking.publishing import publish, report_unsent

# The lowest priority.
LOWEST = 19


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
    if hasattr(os, "nice"):
        os.nice(LOWEST)
        # To the terminal, this process is one in the background: with `stty tostop`, a line that it prints would stop
        # it for ever.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)


if __name__ == "__main__":
    raise SystemExit(main())
