"""The benchmark of model sizes, with a clock of its own: every figure is what the clock says."""

import itertools

import pytest
import torch

from poet.benchmark import cases
from poet.benchmark.cases import Setup, benchmark_report, measure, plan_benchmark
from poet.params.model import model_settings
from poet.params.sections import BenchmarkCase, BenchmarkSettings

MODEL = model_settings("modern", n_layer=1, n_head=2, n_embd=8, sequence_len=16)
CASE = BenchmarkCase(name="tiny", model=MODEL, vocab_size=30, batch_size=3)
SETTINGS = BenchmarkSettings(warmup=1, iterations=2, generate_tokens=40, cases=[CASE])


@pytest.fixture
def ticks(monkeypatch):
    """A clock that moves by half a second at each look."""
    seconds = itertools.count(step=0.5)
    monkeypatch.setattr(cases, "now", lambda device: next(seconds))


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
