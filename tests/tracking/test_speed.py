"""What recording costs a training whose steps take five milliseconds."""

import time

from poet.tracking.run import tracking

STEPS = 12_000  # a minute of such steps, the time between two snapshots


def test_recording_a_step_takes_less_than_a_hundredth_of_five_milliseconds(client, tmp_path):
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.start("a" * 16)
        best = float("inf")
        # The best of three: another process may take the time of one.
        for part in range(3):
            begin = time.process_time()
            for step in range(part * STEPS, part * STEPS + STEPS):
                tracker.metrics(step, {"train/loss": 1 / (step + 1), "train/rate": 0.01, "train/gradient_norm": 1.5})
            tracker.save()
            best = min(best, (time.process_time() - begin) / STEPS)
        assert best < 0.01 * 0.005, f"{best * 1e6:.0f} microseconds a step"
        tracker.pending.clear()
        tracker.spool.write_bytes(b"")  # sending all this is not part of the test
