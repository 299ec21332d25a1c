"""The process that sends records to MLflow while a training goes on."""

import contextlib
import os
import time

from poet.tracking.run import tracking
from poet.tracking.send import LOWEST


def test_it_gives_way_to_the_training(client, tmp_path):
    seen = set()
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.start("a" * 16)
        tracker.metrics(1, {"loss": 2.0})
        tracker.sender_due = 0
        tracker.flush()
        sender = tracker.sender.pid
        # A priority counts within a session. Ctrl-C reaches a group of processes.
        assert os.getsid(sender) == os.getsid(0) and os.getpgid(sender) == sender
        while tracker.sender.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                seen.add(os.getpriority(os.PRIO_PROCESS, sender))
            time.sleep(0.01)
    assert LOWEST in seen
