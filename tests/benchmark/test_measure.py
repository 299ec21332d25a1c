"""Timing one model in one setting, with a clock of its own: every figure is what the clock says."""

import dataclasses
import itertools
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from poet.benchmark import measure as measuring
from poet.benchmark.measure import Rates, Setting, blank_row, is_unsteady, measure, steadier
from poet.benchmark.models import MODELS, ReferenceModel, make_model, parameters, training_flops
from poet.device.memory import forget_peak, peak_bytes
from poet.results.benchmark import Device, MatrixRate, Shape

SHAPE = Shape(preset="modern", n_layer=1, n_head=2, n_embd=8, sequence_len=16, vocab_size=30, batch_size=3)
TINY = ReferenceModel(name="tiny", shape=SHAPE)
CPU = Device(device="cpu", name="a processor")
SETTING = Setting(device=CPU, precision=torch.bfloat16, compiled=False, threads=2, as_trained=True)
RATE = 1e6


def known_rates():
    rate = MatrixRate(device="cpu", precision="bfloat16", threads=2, flops_per_second=RATE)
    return Rates(measured={("cpu", "bfloat16", 2): rate})


@pytest.fixture
def ticks(monkeypatch):
    """A clock that moves by half a second at each look, on a quiet machine."""
    seconds = itertools.count(step=0.5)
    monkeypatch.setattr(measuring, "now", lambda device: next(seconds))
    monkeypatch.setattr(measuring.OtherWork, "cores", lambda self: 0.0)


def test_figures_come_from_the_clock(ticks):
    threads = torch.get_num_threads()
    row = measure(TINY, SETTING, known_rates())
    assert (row.model, row.device, row.device_name, row.precision) == ("tiny", "cpu", "a processor", "bfloat16")
    assert (row.compiled, row.threads, row.as_trained, row.sweep, row.reason) == (False, 2, True, "", "")
    training, generation = row.training, row.generation
    # As many steps as fit into three seconds, after two that warm up and are not timed.
    assert training.iterations == 6
    assert (training.seconds_per_iteration, training.seconds_p5, training.seconds_p95) == (0.5, 0.5, 0.5)
    assert training.first_step_seconds == 0.5
    assert training.tokens_per_second == 3 * 16 / 0.5
    assert training.utilization == pytest.approx(make_model(SHAPE).flops_per_token() * 96 / RATE, rel=1e-3)
    # After half a context, the text has 7 tokens: it does not outgrow the context.
    assert generation.tokens_per_second == 7 / 0.5 and generation.tokens_per_second_16 == 16 * 7 / 0.5
    assert generation.first_token_seconds == 0.5 and generation.relative_spread == 0
    assert row.noise == () and row.other_cores == 0.0 and not is_unsteady(row)
    assert torch.get_num_threads() == threads, "the number of threads is put back"


def test_a_row_of_a_sweep_has_no_generation(ticks):
    assert measure(TINY, SETTING, known_rates(), "batch").generation is None


def test_beside_other_work_the_row_is_marked_and_tells_the_load(monkeypatch):
    """Calls of one second and of three, while others keep every processor busy."""
    seconds = itertools.accumulate(itertools.cycle([1.0, 1.0, 1.0, 3.0]))
    monkeypatch.setattr(measuring, "now", lambda device: next(seconds))
    monkeypatch.setattr(measuring.OtherWork, "cores", lambda self: 64.0)
    monkeypatch.setattr(measuring, "load_average", lambda: 11.8)
    monkeypatch.setattr(measuring.os, "cpu_count", lambda: 64)
    row = measure(TINY, SETTING, known_rates())
    assert (row.load_average, row.other_cores) == (11.8, 64.0)
    assert [reason.partition(" differ")[0].partition(" of the 64")[0] for reason in row.noise] == [
        "the middle 90 % of the calls of training",
        "other work took 64.0",
    ]
    # The training may be quiet where the generation is not.
    assert row.generation.noise == ("the middle 90 % of the calls of generation differ by 180 %",)
    assert is_unsteady(row)
    calm = dataclasses.replace(row, noise=())
    assert steadier(row, calm) is calm and steadier(calm, row) is calm


def test_each_rate_is_measured_once(monkeypatch):
    calls = []
    monkeypatch.setattr(measuring, "matmul_flops_per_second", lambda device, dtype: calls.append(dtype) or 7.0)
    rates = Rates()
    assert [rates.of(SETTING), rates.of(SETTING)] == [7, 7]
    rates.of(dataclasses.replace(SETTING, precision=torch.float32))
    assert calls == [torch.bfloat16, torch.float32] and len(rates.measured) == 2


def test_a_model_whose_compiling_fails_is_timed_as_it_would_be_trained(ticks, monkeypatch):
    monkeypatch.setattr("poet.benchmark.work.compile_blocks", lambda trainer, *batch: False)
    row = measure(TINY, dataclasses.replace(SETTING, compiled=True), known_rates(), "batch")
    assert row.training and row.compiled is False


def test_a_model_that_trains_and_cannot_write_keeps_its_training(ticks, monkeypatch):
    def fail(*arguments):
        raise torch.OutOfMemoryError(f"no room, see {Path.home()}/x")

    monkeypatch.setattr(measuring, "generation", fail)
    row = measure(TINY, SETTING, known_rates())
    assert row.training and row.generation is None
    assert row.reason == "generation: not enough memory: no room, see ~/x"


@given(
    preset=st.sampled_from(["modern", "classic"]),
    n_layer=st.integers(1, 4),
    n_head=st.sampled_from([1, 2, 4]),
    width=st.integers(1, 4),
    sequence_len=st.integers(2, 40),
    vocab_size=st.integers(2, 90),
)
def test_parameters_and_flops_of_a_shape_are_those_of_its_model(
    preset, n_layer, n_head, width, sequence_len, vocab_size
):
    shape = Shape(
        preset=preset,
        n_layer=n_layer,
        n_head=n_head,
        n_embd=2 * n_head * width,
        sequence_len=sequence_len,
        vocab_size=vocab_size,
        batch_size=1,
    )
    model = make_model(shape)
    assert parameters(shape) == sum(parameter.numel() for parameter in model.parameters())
    assert training_flops(shape) == model.flops_per_token()


def test_the_reference_models_are_those_that_people_know():
    sizes = {model.name: round(parameters(model.shape) / 1e6, 1) for model in MODELS}
    assert sizes == {"default": 2.1, "71M": 72.0, "original": 6.5, "nanogpt": 0.8, "gpt2": 124.3}
    assert blank_row(MODELS[0], SETTING, reason="none").reason == "none"


def test_the_peak_of_memory_is_that_of_the_work():
    """Linux forgets the peak before the work; what is freed after it still counts."""
    cpu = torch.device("cpu")
    forget_peak(cpu)
    before = peak_bytes(cpu)
    if before is None:
        pytest.skip("only Linux tells the peak")
    block = torch.ones(50_000_000)  # 200 MB
    del block
    assert 150e6 < peak_bytes(cpu) - before < 400e6
    forget_peak(cpu)
    assert peak_bytes(cpu) < before + 150e6
