"""Two processes and one training: one trains, the other waits and takes the result, or continues after a crash."""

import contextlib
import os
import signal
import threading
import time

import pytest
import torch

from poet.training.claim import ABANDONED_DAYS, claim
from poet.training.distributed import World
from tests.training.runs import snapshots_of, start, train_command

ALONE = World(device=torch.device("cpu"))
# Enough that a process can be halted in the middle.
STEPS = 100
WAITS = "another process is training the same model"


def paths(folder):
    """Results as a training leaves them: a folder and a file."""
    return {"model": folder / "model", "history": folder / "history.csv"}


@pytest.fixture
def first(tmp_path):
    """The results of a training in the folder `first`, and a snapshot of it."""
    results = paths(tmp_path / "first")
    results["model"].mkdir(parents=True)
    (results["model"] / "weights").write_bytes(b"1")
    results["history"].write_bytes(b"2")
    (tmp_path / "resume" / "key" / "step-000000001").mkdir(parents=True)
    return results


def second(folder, taken, results):
    """A thread that trains the same, and notes whether it took a result."""

    def body():
        with claim(folder, ALONE) as claimed:
            taken.append(claimed.take_result(results))
            claimed.finish(results)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    while not list(folder.glob("waiting-*")):
        time.sleep(0.01)
    return thread


def test_who_waits_gets_the_result(tmp_path, first):
    taken, folder, other = [], tmp_path / "resume" / "key", paths(tmp_path / "second")
    with claim(folder, ALONE) as claimed:
        assert not claimed.take_result(other)
        thread = second(folder, taken, other)
        claimed.finish(first)
        assert not list(folder.glob("step-*"))
    thread.join(5)
    assert taken == [True] and results(tmp_path / "first") == results(tmp_path / "second")
    assert list((tmp_path / "resume").iterdir()) == []


def test_who_waits_continues_what_failed(tmp_path, first):
    taken, folder = [], tmp_path / "resume" / "key"
    with pytest.raises(KeyboardInterrupt), claim(folder, ALONE):
        thread = second(folder, taken, first)
        assert list(folder.glob("step-*")), "its snapshots are there for the other"
        raise KeyboardInterrupt
    thread.join(5)
    assert taken == [False]


def test_a_forced_training_takes_no_result_that_a_killed_process_left(tmp_path, first):
    folder = tmp_path / "resume" / "key"
    (folder / "result").mkdir()
    (folder / "waiting-1").touch()
    with claim(folder, ALONE) as claimed:
        assert not claimed.take_result(first)
        claimed.finish(first)
    assert list((tmp_path / "resume").iterdir()) == []


def test_snapshots_that_nobody_continues_have_an_end(tmp_path, first, capsys):
    old, running, key = (tmp_path / "resume" / name for name in ("old", "running", "key"))
    for folder in (old, running):
        (folder / "step-000000001").mkdir(parents=True)
    with claim(running, ALONE):
        past = time.time() - (ABANDONED_DAYS + 1) * 86_400
        for path in (*old.rglob("*"), old, *running.rglob("*"), running, *key.rglob("*"), key):
            os.utime(path, (past, past))
        with claim(key, ALONE):
            assert sorted(path.name for path in key.parent.iterdir()) == ["key", "running"]
    printed = capsys.readouterr().err
    assert f"removed {old}" in printed and f"interrupted {ABANDONED_DAYS + 1} days ago" in printed


def test_without_a_lock_training_goes_on(tmp_path, capsys):
    (tmp_path / "resume").touch()
    with claim(tmp_path / "resume" / "key", ALONE) as claimed:
        assert not claimed.take_result({})
        claimed.finish({})
    assert "cannot be made" in capsys.readouterr().err


def started(folder, tokens, name):
    """The train stage with snapshots all the time, in the repository `folder`, with results in `folder`/`name`."""
    return start(folder, train_command(folder, tokens, name, steps=STEPS, validate_every=STEPS))


@contextlib.contextmanager
def halted(job):
    """Let the process `job` rest: another one takes seconds to start, and a busy machine takes more."""
    job.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        job.send_signal(signal.SIGCONT)


def wait_for(condition, *jobs):
    while not condition():
        assert all(job.poll() is None for job in jobs), jobs[0].stderr.read()
        time.sleep(0.01)


def results(folder):
    """The results by path. What a stage took is of its own process, also if that only waited."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "costs"]
    return {path.relative_to(folder): path.read_bytes() for path in files}


def waiting(folder):
    return list((folder / ".poet" / "resume").glob("*/waiting-*"))


@pytest.mark.slow
def test_the_second_waits_and_takes_the_result(tokens, tmp_path):
    one = started(tmp_path, tokens, "one")
    wait_for(lambda: snapshots_of(tmp_path), one)
    with halted(one):
        two = started(tmp_path, tokens, "two")
        wait_for(lambda: waiting(tmp_path), one, two)
    assert (one.communicate()[1], one.returncode)[1] == 0
    printed = two.communicate()[1]
    assert two.returncode == 0, printed
    assert WAITS in printed and "its result was taken" in printed
    # The timings too: they are not of this process, but of the training that made the model.
    assert results(tmp_path / "one") == results(tmp_path / "two") and len(results(tmp_path / "one")) == 8
    assert list((tmp_path / ".poet" / "resume").iterdir()) == []
    # One model, one run.
    assert len(list((tmp_path / ".poet" / "spool").glob("*.jsonl"))) == 1


@pytest.mark.slow
def test_who_waits_continues_when_the_other_is_killed(tokens, tmp_path):
    one = started(tmp_path, tokens, "one")
    wait_for(lambda: snapshots_of(tmp_path), one)
    with halted(one):
        two = started(tmp_path, tokens, "two")
        wait_for(lambda: waiting(tmp_path), one, two)
        one.kill()
    one.communicate()
    printed = two.communicate()[1]
    assert two.returncode == 0, printed
    assert "continuing from step" in printed
    assert list((tmp_path / ".poet" / "resume").iterdir()) == []
