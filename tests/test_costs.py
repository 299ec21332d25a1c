"""What a stage took, as it says itself: of real processes that work, take memory, start others, or fail."""

import json
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from poet import costs
from poet.costs import Cost, read_costs
from poet.errors import DataError
from tests.clone import ROOT

STAGE = """
import subprocess, sys, click
from poet.costs import records_cost_if

@click.command()
@click.option("--out")
@records_cost_if(lambda: sys.argv[2] == "speaker")
def main(out):
    exec(open("body.py").read())

main()
"""
# Work for a third of a second of processor time, and memory that is really there.
WORK = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\ntaken = b'x' * 200_000_000"


def run(folder, body, *, who="speaker", fails=False):
    """Run a stage with `body` as a process; what it recorded, None if it recorded nothing, and how long that took."""
    for name, text in {"stage.py": STAGE, "body.py": body, "work.py": WORK}.items():
        (folder / name).write_text(text, encoding="utf-8")
    words = [sys.executable, "stage.py", "--out", who, "--cost", "costs/stage.json"]
    begun = time.monotonic()
    done = subprocess.run(words, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == fails, done.stderr
    cost = read_costs(folder / "costs")["stage"] if (folder / "costs").exists() else None
    return cost, time.monotonic() - begun


def test_a_process_that_works_and_takes_memory_says_so(tmp_path):
    cost, seen = run(tmp_path, WORK)
    assert cost.cpu_seconds >= 0.3
    # The start of a process is known to a hundredth of a second.
    assert 0.3 <= cost.wall_seconds <= seen + 0.1, "imports are in it, and nothing before the process"
    assert 200_000_000 < cost.memory_bytes < 400_000_000
    assert cost.cuda_bytes is None


def test_work_and_memory_of_the_processes_that_it_starts_count(tmp_path):
    cost, _ = run(tmp_path, "subprocess.run([sys.executable, 'work.py'], check=True)")
    assert cost.cpu_seconds >= 0.3
    assert 200_000_000 < cost.memory_bytes < 400_000_000


def test_the_memory_of_the_process_that_started_it_does_not_count(tmp_path):
    """As that of DVC: Linux's `ru_maxrss` is inherited."""
    taken = b"x" * 300_000_000
    cost, _ = run(tmp_path, "pass")
    assert cost.memory_bytes < 150_000_000 < len(taken)


@pytest.mark.parametrize("body", ["raise click.ClickException('no')", "sys.exit(130)", "1 / 0"])
def test_a_stage_that_fails_or_is_interrupted_records_nothing(tmp_path, body):
    cost, _ = run(tmp_path, body, fails=True)
    assert cost is None and not (tmp_path / "costs").exists()


def test_of_several_processes_one_records(tmp_path):
    assert run(tmp_path, "pass", who="worker")[0] is None
    assert run(tmp_path, "pass", who="speaker")[0]


def test_without_the_option_nothing_is_recorded(tmp_path):
    run(tmp_path, "pass", who="worker")
    words = [sys.executable, "stage.py", "--out", "speaker"]
    subprocess.run(words, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True)
    assert not (tmp_path / "costs").exists()


def test_where_linux_does_not_keep_the_figures_the_system_is_asked(monkeypatch):
    """macOS counts bytes, others KiB. All figures are of this process: close to each other, and never far below."""
    ours = costs.cost_so_far().memory_bytes
    monkeypatch.setattr(costs, "high_water_mark", lambda: 0)
    assert costs.cost_so_far().memory_bytes >= 0.9 * ours
    before = costs.cost_so_far().wall_seconds
    monkeypatch.setattr(costs.sys, "platform", "darwin")
    other = costs.cost_so_far()
    assert other.memory_bytes * 1024 >= 0.9 * ours
    assert abs(other.wall_seconds - before) < 2, "by psutil, which knows the boot of Linux to a second"


def test_memory_of_gpus_is_that_of_all_once_one_is_used(monkeypatch):
    cuda = SimpleNamespace(
        is_initialized=lambda: False, device_count=lambda: 2, max_memory_allocated=[700, 60].__getitem__
    )
    monkeypatch.setitem(sys.modules, "torch.cuda", cuda)
    assert costs.cost_so_far().cuda_bytes is None
    cuda.is_initialized = lambda: True
    assert costs.cost_so_far().cuda_bytes == 760
    monkeypatch.delitem(sys.modules, "torch.cuda")
    assert costs.cost_so_far().cuda_bytes is None


def test_costs_that_are_missing_or_damaged_are_told(tmp_path):
    with pytest.raises(DataError, match=r"holds no costs of stages\. Run `dvc repro`"):
        read_costs(tmp_path)
    row = {"wall_seconds": 1.5, "cpu_seconds": 2.5, "memory_bytes": 3}
    (tmp_path / "train.json").write_text(json.dumps(row | {"key": "of a newer version"}), encoding="utf-8")
    assert read_costs(tmp_path) == {"train": Cost(**row)}
    (tmp_path / "index.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=r"index\.json: wall_seconds: .*another version"):
        read_costs(tmp_path)
