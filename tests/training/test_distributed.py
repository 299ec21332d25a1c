"""Several processes against one: the same losses, the same weights, and no quiet death."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest
import torch
from safetensors.numpy import load_file

from poet.costs import read_costs
from poet.device import device as device_module
from poet.errors import ConfigError
from poet.training import distributed, launcher
from poet.training.launcher import RESTARTS
from tests.servers import free_port
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
    # The process that was called records, with what it started: the launcher and both others import torch.
    ours, theirs = (read_costs(tmp_path / name / "costs")["train"] for name in ("one", "two"))
    assert theirs.cpu_seconds > 1.5 * ours.cpu_seconds


def test_one_of_all_processes_speaks_for_them(monkeypatch):
    """The launcher waits for all others, so it knows what they took; torchrun knows nothing of the stage."""
    for name in (distributed.LAUNCHED, "TORCHELASTIC_RUN_ID", "RANK"):
        monkeypatch.delenv(name, raising=False)
    assert distributed.speaks_for_all(), "alone, or the launcher"
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv(distributed.LAUNCHED, "1")
    assert not distributed.speaks_for_all(), "started by the launcher"
    monkeypatch.delenv(distributed.LAUNCHED)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "poet")
    assert distributed.speaks_for_all()
    monkeypatch.setenv("RANK", "1")
    assert not distributed.speaks_for_all()


def wait_for_snapshots(job, folder, count):
    while len(snapshots_of(folder)) < count and job.poll() is None:
        time.sleep(0.05)


def kill_one_and_finish(folder, words, rank):
    """Start the job, kill one of its processes after the first snapshot, and wait: what it wrote to standard error."""
    with start(folder, words) as job:
        wait_for_snapshots(job, folder, 1)
        worker(job, rank).kill()
        _, errors = job.communicate(timeout=300)
    assert job.returncode == 0, errors
    assert f"training process {rank} was ended by SIGKILL; all 2 start again" in errors
    assert "continuing from step" in errors


def same_losses(folder, one, other):
    ours, theirs = (history(folder, name)["train_loss"] for name in (one, other))
    assert theirs.to_numpy() == pytest.approx(ours.to_numpy(), rel=2e-4)


def test_a_killed_process_is_started_again_and_the_training_ends_as_if_undisturbed(tokens, tmp_path):
    changes = {"processes": 2, "steps": 100, "validate_every": 100}
    kill_one_and_finish(tmp_path, train_command(tmp_path, tokens, "cut", **changes), rank=1)
    assert run_command(tmp_path, tokens, "whole", **changes | {"processes": 1}).returncode == 0
    same_losses(tmp_path, "whole", "cut")


@pytest.mark.slow
def test_restarts_work_twenty_times_in_a_row_under_load(tokens, tmp_path):
    changes = {"processes": 2, "steps": 60, "validate_every": 60}
    assert run_command(tmp_path, tokens, "whole", **changes | {"processes": 1}).returncode == 0
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        for number in range(20):
            kill_one_and_finish(tmp_path, train_command(tmp_path, tokens, f"cut{number}", **changes), number % 2)
            same_losses(tmp_path, "whole", f"cut{number}")
    finally:
        for process in busy:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_process_that_is_killed_every_time_ends_the_job_and_the_next_call_resumes(tokens, tmp_path):
    words = train_command(tmp_path, tokens, "cut", processes=2, steps=20_000, validate_every=20_000)
    with start(tmp_path, words) as job:
        wait_for_snapshots(job, tmp_path, 1)
        seen = set()
        while job.poll() is None:
            with contextlib.suppress(AssertionError, psutil.NoSuchProcess):
                victim = worker(job, rank=0)
                if victim.pid not in seen:
                    seen.add(victim.pid)
                    victim.kill()
            time.sleep(0.2)
        _, errors = job.communicate(timeout=60)
    assert job.returncode == 1 and len(seen) == RESTARTS + 1
    assert "one of the 2 training processes ended early" in errors and "is there enough memory?" in errors
    step = max(int(path.name.removeprefix("step-")) for path in snapshots_of(tmp_path))
    with start(tmp_path, words) as job:
        for line in job.stderr:
            if "continuing from step" in line:
                job.send_signal(signal.SIGTERM)
                break
        _, errors = job.communicate(timeout=120)
    assert f"continuing from step {step} of 20000" in line
    assert job.returncode == 130 and "stopped by SIGTERM" in errors


@pytest.mark.slow
def test_the_processes_end_when_the_one_that_started_them_is_killed(tokens, tmp_path):
    words = train_command(tmp_path, tokens, "cut", processes=2, steps=20_000, validate_every=20_000)
    with start(tmp_path, words) as job:
        wait_for_snapshots(job, tmp_path, 1)
        workers = [worker(job, rank) for rank in range(2)]
        job.kill()
        _, alive = psutil.wait_procs(workers, timeout=30)
        for process in alive:
            process.kill()
    assert not alive


FAILING = """
import os, poet.training.loop as loop, stages.train

def fail(run, take=loop._take_step):
    assert run.step < 9 or {who!r} not in ("all", os.environ["RANK"]), "the fault of the test"
    return take(run)

loop._take_step = fail
stages.train.main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("who", ["all", "1"])
def test_an_error_in_the_middle_ends_all_processes_of_torchrun(tokens, tmp_path, who):
    """Each process by itself: none may wait in the destructor of the process group, which `leave_world` explains."""
    (tmp_path / "failing.py").write_text(FAILING.format(who=who), encoding="utf-8")
    words = train_command(tmp_path, tokens, "x", processes=2, steps=20, validate_every=20)
    for _ in range(5):
        address = ["--master-addr", "127.0.0.1", "--master-port", str(free_port())]
        torchrun = ["-m", "torch.distributed.run", *address, "--nproc-per-node", "2"]
        with start(tmp_path, [*torchrun, "failing.py", *words[2:]]) as job:
            try:
                _, errors = job.communicate(timeout=240)
            finally:
                job.kill()
        assert job.returncode == 1 and "the fault of the test" in errors


class FakeCuda:
    """The device module of a machine with GPUs, as far as `join_world` uses it; `calls` says in which order."""

    def __init__(self, monkeypatch, count, local_rank=1, processes=2):
        self.calls = []
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "set_device", lambda number: self.calls.append(("set_device", number)))
        monkeypatch.setattr(device_module, "_compute_something", lambda device: self.calls.append(("compute", device)))
        monkeypatch.setattr(distributed.dist, "init_process_group", self.init_process_group)
        monkeypatch.setattr(distributed.dist, "get_rank", lambda: local_rank)
        monkeypatch.setattr(distributed.dist, "get_world_size", lambda: processes)
        monkeypatch.setenv("TORCHELASTIC_RUN_ID", "poet")
        monkeypatch.setenv("LOCAL_RANK", str(local_rank))
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
        monkeypatch.setattr(distributed, "SILENCE", 0.0)
        device_module.device_fault.cache_clear()

    def init_process_group(self, backend, device_id=None, timeout=None):
        self.calls.append((backend, device_id))


@pytest.fixture(autouse=True)
def fresh_faults():
    yield
    device_module.device_fault.cache_clear()


def test_each_process_takes_its_gpu_before_anything_is_computed_or_exchanged(monkeypatch):
    fake = FakeCuda(monkeypatch, count=2)
    world = distributed.join_world("auto")
    gpu = torch.device("cuda", 1)
    assert fake.calls == [("set_device", 1), ("compute", torch.device("cuda")), ("nccl", gpu)]
    assert (world.device, world.rank, world.ranks) == (gpu, 1, 2)


def test_more_processes_than_gpus_get_one_message(monkeypatch):
    """From process 0, if torchrun started them, and before any is started, if the stage would."""
    message = "3 processes need a device each, but this machine has 2 of kind cuda. Set train.processes: 2,"
    fake = FakeCuda(monkeypatch, count=2, local_rank=0, processes=3)
    with pytest.raises(ConfigError, match=message):
        distributed.join_world("auto")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(SystemExit):
        distributed.join_world("auto")
    monkeypatch.setattr(launcher.subprocess, "Popen", lambda *arguments, **options: pytest.fail("started"))
    with pytest.raises(ConfigError, match=message):
        launcher.launch("stages.train", 3, "cuda")
    assert ("set_device", 0) not in fake.calls


def test_two_processes_on_mps_get_one_message(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(device_module, "_compute_something", lambda device: None)
    for name in ("auto", "mps"):
        with pytest.raises(ConfigError, match="2 processes need a device each, but this machine has 1 of kind mps"):
            launcher.launch("stages.train", 2, name)
    distributed.check_processes("cpu", 64)


def test_processes_on_a_gpu_without_kernels_use_the_cpu(monkeypatch):
    def broken(device):
        raise RuntimeError("no kernel image")

    FakeCuda(monkeypatch, count=1)
    monkeypatch.setattr(device_module, "_compute_something", broken)
    distributed.check_processes("auto", 2)


def test_sharding_alone_is_refused(tokens, tmp_path):
    result = run_command(tmp_path, tokens, "x", shard=True)
    assert result.returncode == 1
    assert "train.shard: true needs several processes to share the parameters" in result.stderr
