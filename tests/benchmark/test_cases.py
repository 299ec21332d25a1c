"""The benchmark of model sizes, with a clock of its own: every figure is what the clock says."""

import dataclasses
import itertools

import pytest
import torch

from poet.benchmark import cases
from poet.benchmark.cases import Setup, benchmark_report, compare_threads, measure, plan_benchmark
from poet.params.model import model_settings
from poet.params.sections import BenchmarkCase, BenchmarkSettings

MODEL = model_settings("modern", n_layer=1, n_head=2, n_embd=8, sequence_len=16)
CASE = BenchmarkCase(name="tiny", model=MODEL, vocab_size=30, batch_size=3)
SETTINGS = BenchmarkSettings(warmup=1, iterations=2, generate_tokens=40, cases=[CASE])


@pytest.fixture
def ticks(monkeypatch):
    """A clock that moves by half a second at each look, on a quiet machine."""
    seconds = itertools.count(step=0.5)
    monkeypatch.setattr(cases, "now", lambda device: next(seconds))
    monkeypatch.setattr(cases.OtherWork, "cores", lambda self: 0.0)


def test_figures_come_from_the_clock(ticks):
    threads = torch.get_num_threads()
    row = measure(CASE, Setup(device="cpu", precision=torch.bfloat16, threads=2), SETTINGS)
    assert (row.model, row.device, row.precision, row.threads) == ("tiny", "cpu", "bfloat16", 2)
    assert (row.seconds_per_iteration, row.spread) == (0.5, 0.0)
    assert row.tokens_per_second == 3 * 16 / 0.5
    assert row.generate_tokens_per_second == 15 / 0.5, "no more tokens than the context has room for"
    assert torch.get_num_threads() == threads, "the number of threads is put back"


def test_the_plan_has_each_setup_of_this_machine_once(monkeypatch):
    monkeypatch.setattr(cases, "present_devices", lambda: ["mps", "cpu"])
    monkeypatch.setattr(cases, "pick_precision", lambda name, device: torch.float32)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    plan = plan_benchmark([CASE])
    assert [case.name for case, _ in plan] == 3 * ["tiny"]
    assert [(setup.device, setup.threads) for _, setup in plan] == [("mps", 4), ("cpu", 1), ("cpu", 4)]
    monkeypatch.setattr(cases, "pick_precision", lambda name, device: torch.bfloat16)
    assert len(plan_benchmark([CASE])) == 6


def test_absent_devices_are_reported_as_skipped(ticks, monkeypatch):
    monkeypatch.setattr(cases, "present_devices", lambda: ["cpu"])
    row = measure(CASE, Setup(device="cpu", precision=torch.float32, threads=1), SETTINGS)
    report = benchmark_report([row])
    assert [skipped["device"] for skipped in report["skipped"]] == ["cuda", "mps"]
    assert "finds no cuda device" in report["skipped"][0]["reason"]
    assert report["results"][0]["tokens_per_second"] == row.tokens_per_second
    assert report["machine"]["torch"] == torch.__version__


def test_a_quiet_measurement_has_no_mark(ticks):
    row = measure(CASE, Setup(device="cpu", precision=torch.float32, threads=1), SETTINGS)
    assert (row.noise, row.other_cores, row.relative_spread, row.generate_relative_spread) == ([], 0.0, 0.0, 0.0)


def test_a_measurement_beside_other_work_is_marked_and_tells_the_load(monkeypatch):
    """Calls of one second and of three, while others keep every processor busy."""
    seconds = itertools.accumulate(itertools.cycle([1.0, 1.0, 1.0, 3.0]))
    monkeypatch.setattr(cases, "now", lambda device: next(seconds))
    monkeypatch.setattr(cases.OtherWork, "cores", lambda self: 64.0)
    monkeypatch.setattr(cases, "load_average", lambda: 11.8)
    monkeypatch.setattr(cases.os, "cpu_count", lambda: 64)
    row = measure(CASE, Setup(device="cpu", precision=torch.float32, threads=2), SETTINGS)
    assert (row.load_average, row.other_cores) == (11.8, 64.0)
    assert row.relative_spread == pytest.approx(0.9)
    assert [reason.partition(" differ")[0].partition(" of the 64")[0] for reason in row.noise] == [
        "the middle 90 % of the calls of training",
        "the middle 90 % of the calls of generation",
        "other work took 64.0",
    ]


def test_more_threads_that_are_slower_are_noisy_within_their_own_work(ticks):
    """Two threads five times slower than one, as on a busy machine; another precision is another work."""
    one = measure(CASE, Setup(device="cpu", precision=torch.float32, threads=1), SETTINGS)
    two = dataclasses.replace(one, threads=2, seconds_per_iteration=2.5)
    other = dataclasses.replace(two, precision="bfloat16")
    marks = [row.noise for row in compare_threads([one, two, other])]
    assert marks[0] == [] and "2 threads took 5.0 times as long as 1" in marks[1][0] and marks[2] == []
