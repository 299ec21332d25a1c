"""`python -m tests.tracking.measure`: what 100,000 points cost a training and MLflow."""

import os
import tempfile
import time
from pathlib import Path

import click

from poet.tracking.publishing import publish_all
from poet.tracking.run import tracking


def main() -> None:
    """Record, send in the background, end, and look once more; print the times of each."""
    root = Path(tempfile.mkdtemp())
    steps = 100_000 // 3 + 1
    uri = os.environ.get("MLFLOW_TRACKING_URI", "SQLite")
    with tracking(root, "speed", "train") as t:
        t.start("a" * 16)
        b = time.perf_counter()
        c = time.process_time()
        for s in range(steps):
            t.metrics(s, {"train/loss": 1 / (s + 1), "train/learning_rate": 0.01, "train/gradient_norm": 1.5})
        t.save()
        rec = time.perf_counter() - b
        cpu = time.process_time() - c
        t.sender_due = 0
        b = time.perf_counter()
        t.flush()
        fl = time.perf_counter() - b
        t.sender.wait()
        send = time.perf_counter() - b
        b = time.perf_counter()
    end = time.perf_counter() - b
    b = time.perf_counter()
    publish_all(root)
    again = time.perf_counter() - b
    click.echo(
        f"{uri}: recording {rec / steps * 1e6:.1f} us, {cpu / steps * 1e6:.1f} us of CPU a step; "
        f"flush returns after {fl * 1e3:.0f} ms; "
        f"sender {send:.1f} s for {3 * steps} points; "
        f"end {end:.2f} s; again {again * 1e3:.0f} ms"
    )


if __name__ == "__main__":
    main()
