"""Two processes and one training: one trains, the other waits and takes the result, or continues after a crash."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from poet.training import claim
from tests.recipes import TRAIN
from tests.training.runs import OnStep, environment, interrupt_at, run, snapshots_of, start, train_command

WAITS = "another process is training the same model"


def started(folder, tokens, name):
    """The train stage with snapshots all the time, in the repository `folder`, with results in `folder`/`name`."""
    return start(folder, train_command(folder, tokens, name, steps=400, validate_every=400))


def wait_for(condition, *jobs):
    while not condition():
        assert all(job.poll() is None for job in jobs), jobs[0].stderr.read()
        time.sleep(0.01)


def results(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def waiting(folder):
    return list((folder / ".poet" / "resume").glob("*/waiting-*"))


def test_the_second_waits_and_takes_the_result(tokens, tmp_path):
    one = started(tmp_path, tokens, "one")
    wait_for(lambda: snapshots_of(tmp_path), one)
    two = started(tmp_path, tokens, "two")
    assert (one.communicate()[1], one.returncode)[1] == 0
    printed = two.communicate()[1]
    assert two.returncode == 0, printed
    assert WAITS in printed and "its result was taken" in printed
    # The timings too: they are not of this process, but of the training that made the model.
    assert results(tmp_path / "one") == results(tmp_path / "two") and len(results(tmp_path / "one")) == 8
    assert list((tmp_path / ".poet" / "resume").iterdir()) == []
    # One model, one run.
    assert len(list((tmp_path / ".poet" / "spool").glob("*.jsonl"))) == 1


def test_who_waits_continues_when_the_other_is_killed(tokens, tmp_path):
    one = started(tmp_path, tokens, "one")
    wait_for(lambda: snapshots_of(tmp_path), one)
    two = started(tmp_path, tokens, "two")
    wait_for(lambda: waiting(tmp_path), one, two)
    one.kill()
    one.communicate()
    printed = two.communicate()[1]
    assert two.returncode == 0, printed
    assert "continuing from step" in printed
    assert list((tmp_path / ".poet" / "resume").iterdir()) == []
