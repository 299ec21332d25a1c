"""Several processes against one: the same losses, the same weights, and no quiet death."""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from ruamel.yaml import YAML
from safetensors.numpy import load_file

from tests.clone import ROOT
from tests.recipes import MODEL, TRAIN
from tests.training.outputs import outputs

STEPS = 12


def command(folder, tokens_folder, name, model=None, **changes):
    """The train command with its own params.yaml and outputs below `folder`/`name`."""
    yaml = YAML()
    raw = yaml.load(ROOT / "params.yaml")
    raw["model"] = {key: value for key, value in dataclasses.asdict(MODEL).items() if value is not None} | (model or {})
    raw["train"] = dataclasses.asdict(dataclasses.replace(TRAIN, steps=STEPS, validate_every=6)) | changes
    raw["runtime"] = {"snapshot_seconds": 0.01}
    yaml.dump(raw, folder / f"{name}.yaml")
    words = ["-m", "stages.train", "--params", str(folder / f"{name}.yaml"), "--collection", "x"]
    for key, path in dataclasses.asdict(outputs(folder / name)).items():
        words += [f"--{key}", str(path)]
    return [*words, "--tokens", str(tokens_folder)]


def environment():
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        # Sharing torchrun's own store, restarted gloo workers now and then wait for each other for ever (torch 2.13).
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }


def run(folder, tokens_folder, name, **changes):
    words = [sys.executable, *command(folder, tokens_folder, name, **changes)]
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
    one = run(tmp_path, tokens, "one", **both)
    two = run(tmp_path, tokens, "two", processes=2, **both, **changes)
    assert (one.returncode, two.returncode) == (0, 0), two.stderr
    for column in ("train_loss", "validation_loss", "gradient_norm"):
        ours, theirs = (history(tmp_path, name)[column].dropna() for name in ("one", "two"))
        assert len(ours) == len(theirs)
        assert theirs.to_numpy() == pytest.approx(ours.to_numpy(), rel=1e-5, abs=2e-6), column
    weights = [load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two")]
    assert weights[0].keys() == weights[1].keys()
    for name, weight in weights[0].items():
        assert weights[1][name] == pytest.approx(weight, abs=1e-4), name


def test_a_dead_process_ends_the_job_and_the_next_call_resumes(tokens, tmp_path):
    words = [sys.executable, *command(tmp_path, tokens, "cut", processes=2, steps=2000, validate_every=2000)]
    with subprocess.Popen(words, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True) as job:
        snapshots = tmp_path / ".poet" / "resume"
        while not list(snapshots.glob("*/step-*")) and job.poll() is None:
            time.sleep(0.05)
        found = subprocess.run(["pgrep", "-f", "stages.train"], capture_output=True, text=True, check=True)
        workers = [int(pid) for pid in found.stdout.split() if _has_rank(int(pid), 1)]
        os.kill(workers[0], signal.SIGKILL)
        _, errors = job.communicate(timeout=120)
    assert job.returncode == 1
    assert "one of the 2 training processes ended early" in errors
    assert not (tmp_path / "cut" / "model").exists()
    step = max(int(path.name.removeprefix("step-")) for path in snapshots.glob("*/step-*"))
    with subprocess.Popen(words, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True) as job:
        lines = []
        for line in job.stderr:
            lines.append(line)
            if "going on from step" in line:
                job.send_signal(signal.SIGTERM)
                break
        job.communicate(timeout=120)
    assert f"going on from step {step} of 2000" in lines[-1]


def _has_rank(pid, rank):
    try:
        with pathlib.Path(f"/proc/{pid}/environ").open(encoding="utf-8", errors="replace") as file:
            return f"RANK={rank}" in file.read().split("\0")
    except OSError:
        return False


@pytest.mark.slow
def test_torchrun_restarts_what_died(tokens, tmp_path):
    """torchrun --max-restarts: the job goes on by itself and ends like an undisturbed one."""
    whole = run(tmp_path, tokens, "whole", steps=300, validate_every=300)
    assert whole.returncode == 0, whole.stderr
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--max-restarts", "2"]
    words = [sys.executable, *torchrun, *command(tmp_path, tokens, "cut", steps=300, validate_every=300)]
    with subprocess.Popen(words, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True) as job:
        while len(list((tmp_path / ".poet" / "resume").glob("*/step-*"))) < 2 and job.poll() is None:
            time.sleep(0.05)
        found = subprocess.run(["pgrep", "-f", "stages.train"], capture_output=True, text=True, check=True)
        os.kill(next(int(pid) for pid in found.stdout.split() if _has_rank(int(pid), 0)), signal.SIGKILL)
        _, errors = job.communicate(timeout=180)
    assert job.returncode == 0, errors
    assert "going on from step" in errors
    ours, theirs = (history(tmp_path, name)["train_loss"] for name in ("whole", "cut"))
    assert theirs.to_numpy() == pytest.approx(ours.to_numpy(), rel=2e-4)


def test_a_batch_that_does_not_divide_is_told(tokens, tmp_path):
    result = run(tmp_path, tokens, "x", accumulate=3)
    assert result.returncode == 1
    assert "train.batch_size 4 must be a multiple of train.accumulate 3" in result.stderr


def test_sharding_alone_is_told(tokens, tmp_path):
    result = run(tmp_path, tokens, "x", shard=True)
    assert result.returncode == 1
    assert "train.shard: needs processes to share with" in result.stderr
