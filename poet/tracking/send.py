"""`python -m poet.tracking.send ROOT SPOOL`: send a spool to the MLflow of a repository, at the lowest priority.

A training starts this process at each snapshot, so that MLflow's work does not hold up its steps.
"""

import os
import sys
from pathlib import Path

from poet.tracking.publishing import publish, report_unsent


def main() -> int:
    """Send what the arguments name; 1 if MLflow did not take it."""
    if hasattr(os, "nice"):
        os.nice(19)
    root, spool = map(Path, sys.argv[1:3])
    problem = publish(spool, root)
    if problem:
        report_unsent(problem, root)
    return int(bool(problem))


if __name__ == "__main__":
    raise SystemExit(main())
