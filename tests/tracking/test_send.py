"""The process that sends records to MLflow while a training goes on."""

import contextlib
import os
import time
from pathlib import Path

import pytest

from poet.tracking.run import tracking
from poet.tracking.send import AUTOGROUP, LOWEST


@pytest.mark.skipif(not os.access(AUTOGROUP, os.W_OK), reason="no priority of a session can be set here")
def test_it_gives_way_to_the_training(client, tmp_path):
    seen = set()
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.start("a" * 16)
        tracker.metrics(1, {"loss": 2.0})
        tracker.sender_due = 0
        tracker.flush()
        while tracker.sender.poll() is None:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                seen.add(priorities(tracker.sender.pid))
            time.sleep(0.01)
    assert (LOWEST, LOWEST) in seen


def priorities(process):
    """The priority of a process, and that of its session, as Linux says it: `/autogroup-25 nice 0`."""
    session = Path(f"/proc/{process}/autogroup").read_text(encoding="utf-8")
    return os.getpriority(os.PRIO_PROCESS, process), int(session.split()[-1])
