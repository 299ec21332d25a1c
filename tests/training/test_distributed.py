"""Several processes against one: the same losses, the same weights, and no quiet death."""

import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from safetensors.numpy import load_file

from tests.training.runs import environment, snapshots_of, start, train_command, worker

STEPS = {"steps": 12, "validate_every": 6}


def run_command(folder, tokens, name, **changes):
    """The train stage as a process, to its end."""
    words = [sys.executable, *train_command(folder, tokens, name, **STEPS | changes)]
    return subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


def history(folder, name):
    return pd.read_csv(folder / name / "history.csv")


STATE = {"model": {"yoke": {"layer": 0, "width": 8, "residual": True, "state": True}}, "state_windows": 2}


@pytest.mark.parametrize(
    ("both", "changes"),
    [({}, {}), ({}, {"shard": True}), ({}, {"accumulate": 2}), (STATE, {"shard": True})],
    ids=["ddp", "fsdp2", "ddp accumulate", "fsdp2 state"],
)
def test_two_processes_train_like_one(tokens, tmp_path, both, changes):
    one = run_command(tmp_path, tokens, "one", **both)
    two = run_command(tmp_path, tokens, "two", processes=2, **both, **changes)
    assert (one.returncode, two.returncode) == (0, 0), two.stderr
    for column in ("train_loss", "validation_loss", "gradient_norm"):
        ours, theirs = (history(tmp_path, name)[column].dropna() for name in ("one", "two"))
        assert len(ours) == len(theirs)
        assert theirs.to_numpy() == pytest.approx(ours.to_numpy(), rel=1e-5, abs=2e-6), column
    # The speed counts the tokens of all processes, of which each computed a part. Snapshots end a row at every step.
    timing = pd.read_csv(tmp_path / "two" / "timing.csv")
    counted = timing["tokens_per_second"] * timing["seconds"] / history(tmp_path, "two")["tokens"].iloc[0]
    assert counted.to_numpy() == pytest.approx(timing["step"].diff().fillna(timing["step"]).to_numpy(), rel=0.02)
    weights = [load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two")]
    assert weights[0].keys() == weights[1].keys()
    for name, weight in weights[0].items():
        assert weights[1][name] == pytest.approx(weight, abs=1e-4), name


def test_a_dead_process_ends_the_job_and_the_next_call_resumes(tokens, tmp_path):
    words = train_command(tmp_path, tokens, "cut", processes=2, steps=2000, validate_every=2000)
    with start(tmp_path, words) as job:
        while not snapshots_of(tmp_path) and job.poll() is None:
            time.sleep(0.05)
        worker(job, rank=1).kill()
        _, errors = job.communicate(timeout=120)
    assert job.returncode == 1
    assert "one of the 2 training processes ended early" in errors
    assert not (tmp_path / "cut" / "model").exists()
    step = max(int(path.name.removeprefix("step-")) for path in snapshots_of(tmp_path))
    with start(tmp_path, words) as job:
        lines = []
        for line in job.stderr:
            lines.append(line)
            if "continuing from step" in line:
                job.send_signal(signal.SIGTERM)
                break
        job.communicate(timeout=120)
    assert f"continuing from step {step} of 2000" in lines[-1]


@pytest.mark.slow
def test_torchrun_restarts_what_died(tokens, tmp_path):
    """torchrun --max-restarts: the job continues by itself and ends like an undisturbed one."""
    whole = run_command(tmp_path, tokens, "whole", steps=300, validate_every=300)
    assert whole.returncode == 0, whole.stderr
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--max-restarts", "2"]
    words = [*torchrun, *train_command(tmp_path, tokens, "cut", steps=300, validate_every=300)]
    with start(tmp_path, words) as job:
        while len(snapshots_of(tmp_path)) < 2 and job.poll() is None:
            time.sleep(0.05)
        worker(job, rank=0).kill()
        _, errors = job.communicate(timeout=180)
    assert job.returncode == 0, errors
    assert "continuing from step" in errors
    ours, theirs = (history(tmp_path, name)["train_loss"] for name in ("whole", "cut"))
    assert theirs.to_numpy() == pytest.approx(ours.to_numpy(), rel=2e-4)


def test_sharding_alone_is_refused(tokens, tmp_path):
    result = run_command(tmp_path, tokens, "x", shard=True)
    assert result.returncode == 1
    assert "train.shard: true needs several processes to share the parameters" in result.stderr
