"""Estimates: the time of steps that nobody measured, and what is refused."""

import dataclasses

import numpy as np
import pytest

from poet.benchmark import prices, space
from poet.benchmark.estimate import estimate, planned_step, validation_amounts
from poet.benchmark.prices import AMOUNTS, amounts, fit, typical_prices
from poet.benchmark.setting import TrainingPlan, choose_setting
from poet.errors import ConfigError, DataError
from poet.metrics import bits
from poet.model import layers
from poet.params.file import load_params
from poet.params.model import Yoke, model_settings
from poet.results.benchmark import Device, MatrixRate
from poet.training import optimizers, snapshots
from poet.training.schedule import steps_in_all
from tests.benchmark.measured import SHAPES, benchmark, row, speed, writing
from tests.clone import ROOT

RATE = 1e11
# A machine on which values cost three times and matrix products half of what is typical.
HIDDEN = typical_prices("cpu", RATE, 2) * np.array([0.5, 1.0, 0.8, 3.0, 2.0, 1.0, 2.0])
META = {
    "dtype": "uint16",
    "vocab_size": 2048,
    "splits": {"train": {"tokens": 1_638_400}, "val": {"tokens": 4096}, "held_out": {"tokens": 0}},
}


def cost(work):
    return float(HIDDEN @ work)


def params(model=None, **train):
    settings = load_params(ROOT / "params.yaml")
    changes = {"device": "cpu", "precision": "float32", "compile": "off"} | train
    return dataclasses.replace(
        settings, model=model or settings.model, train=dataclasses.replace(settings.train, **changes)
    )


def of(settings, *rows, rate=RATE, meta=META, device=None):
    return estimate(settings, benchmark(*rows, rate=rate), "slow", device, meta)


FULL = [row(name, cost) for name in SHAPES]
OTHERS = [
    (model_settings("modern", n_layer=4, n_head=4, n_embd=256, sequence_len=128), 512, 8),
    (model_settings("modern", n_layer=2, n_head=5, n_embd=320, sequence_len=64), 4096, 32),
    (model_settings("classic", n_layer=6, n_head=6, n_embd=192, sequence_len=512), 1000, 8),
    (model_settings("modern", n_layer=12, n_head=8, n_embd=512, sequence_len=512), 16_000, 16),
    (model_settings("classic", n_layer=1, n_head=2, n_embd=64, sequence_len=32), 100, 4),
]


@pytest.mark.parametrize(("model", "vocab_size", "batch_size"), OTHERS)
def test_steps_that_were_not_measured_are_predicted_and_lie_in_the_range(model, vocab_size, batch_size):
    found = of(params(model, batch_size=batch_size), *FULL, meta=META | {"vocab_size": vocab_size})
    step = planned_step(params(model, batch_size=batch_size), vocab_size, "float32")
    true = cost(amounts(step))
    # In a tiny model the kernels decide, of which no row says much: there the range is wider.
    assert found.step_seconds == pytest.approx(true, rel=0.15 if model.n_embd > 64 else 0.4)
    spread = found.seconds_high / found.seconds
    assert 1.1 < spread < 2.5 and 1 / spread < found.step_seconds / true < spread
    assert found.rows == len(SHAPES)


def test_a_single_row_scales_by_the_work_and_is_less_sure():
    alone = of(params(), row("default", 0.8))
    assert alone.step_seconds == pytest.approx(0.8, rel=0.02)
    larger = dataclasses.replace(params().model, n_layer=12)
    both = [of(params(larger), *rows) for rows in ([row("default", cost)], FULL)]
    assert both[0].step_seconds == pytest.approx(
        4 * 0.9 * cost(amounts(planned_step(params(), 2048, "float32"))), rel=0.2
    )
    assert both[0].seconds_high / both[0].seconds > both[1].seconds_high / both[1].seconds


def test_without_a_rate_the_rows_alone_tell():
    found, known = of(params(), *FULL, rate=None), of(params(), *FULL)
    assert found.step_seconds == pytest.approx(known.step_seconds, rel=0.05)


def test_prices_stay_typical_where_nothing_was_measured():
    typical = typical_prices("cuda", 1e14, 1)
    assert np.exp(fit(typical, [], []).logarithms) == pytest.approx(typical)
    assert len(typical) == len(AMOUNTS)


def test_on_a_gpu_the_slower_of_host_and_device_counts():
    """Of two models, one waits for kernels to start and one for products: neither pays for both."""
    typical = typical_prices("cuda", 1e14, 1)
    together = fit(typical, [], [], overlap=prices.OVERLAP)
    for device, host in ((1e12, 1.0), (1e15, 1.0)):
        work = np.array([device, 0, 0, 0, 0, 0, host])
        parts = typical * work
        assert together.seconds(work) == pytest.approx(parts.max(), rel=0.01)


def test_a_whole_training_is_steps_validations_samples_and_snapshots():
    rows = [dataclasses.replace(one, generation=writing(100.0)) for one in [row("default", 1.0)]]
    settings = params(steps=1000, validate_every=100, sample_tokens=100)
    settings = dataclasses.replace(settings, runtime=dataclasses.replace(settings.runtime, snapshot_seconds=1e6))
    found = of(settings, *rows)
    assert (found.steps, found.validations) == (1000, 10)
    assert found.step_seconds == pytest.approx(1.0, rel=0.02)
    assert 0.1 < found.validation_seconds < 0.4, "4,096 tokens, forward only"
    assert found.seconds == pytest.approx(1000 * found.step_seconds + 10 * (found.validation_seconds + 1.0), rel=0.01)
    assert (found.tokens, found.tokens_per_step, found.epochs) == (4_096_000, 4096, 2.5)
    assert found.parameters == 2_113_536 and found.token_bytes == 2 * (1_638_400 + 4096)
    assert found.snapshot_bytes == 0
    often = dataclasses.replace(settings, runtime=dataclasses.replace(settings.runtime, snapshot_seconds=1.0))
    assert of(often, *rows).seconds > found.seconds + 10 and of(often, *rows).snapshot_bytes > 0


def test_teachers_are_trainings_of_their_own_and_make_a_step_longer():
    alone, taught = of(params(teachers=0), *FULL), of(params(teachers=2, teacher_steps=500), *FULL)
    added = (steps_in_all(alone.steps, 2, 500, size=1.0) - alone.steps) * alone.step_seconds
    # Teachers validate, too.
    assert alone.seconds + added < taught.seconds < alone.seconds + 1.1 * added
    assert (taught.steps, taught.step_seconds) == (alone.steps, alone.step_seconds)
    (note,) = taught.notes
    assert "train.teachers: 2 trainings of 500 steps come first" in note and not alone.notes


def test_what_is_not_known_is_said():
    found = of(params(patience=3), *FULL, meta=None)
    assert found.epochs is None and found.validation_seconds is None and found.token_bytes is None
    assert found.parameters == 2_113_536, "with the vocabulary of params.yaml"
    assert list(found.notes) == [
        "no tokens are made with these settings, so epochs and the time of the validations are not known",
        "train.patience may end the training earlier",
    ]


def test_parts_and_windows_of_a_batch_count():
    whole, parts = of(params(), *FULL), of(params(accumulate=8), *FULL)
    assert whole.step_seconds < parts.step_seconds < 1.5 * whole.step_seconds
    assert parts.memory_bytes < whole.memory_bytes
    yoke = dataclasses.replace(params().model, yoke=Yoke(layer=1, width=64, residual=False, state=True))
    one, two = (of(params(yoke, state_windows=count), *FULL) for count in (2, 4))
    assert two.tokens == 2 * one.tokens and two.step_seconds == pytest.approx(2 * one.step_seconds, rel=0.15)
    assert two.memory_bytes == one.memory_bytes


def test_minutes_are_no_question_for_an_estimate():
    with pytest.raises(ConfigError, match=r"train.minutes: 10 is how long the training takes.* -S train.minutes=null"):
        of(params(minutes=10.0), *FULL)


def test_several_processes_are_refused_with_a_reason():
    with pytest.raises(ConfigError, match=r"train.processes: 2 processes are not estimated.* -S train.processes=1"):
        of(params(processes=2), *FULL)


def test_a_device_that_a_training_would_take_and_that_was_not_measured_is_named():
    slow = benchmark(row("default", 1.0), row("default", 0.1, device="cuda:0", noise=("busy",)))
    machine = dataclasses.replace(slow.machine, devices=(Device(device="cuda:0", name="A card"), *slow.machine.devices))
    plan = TrainingPlan(device="auto", precision="auto", compile="auto", flops=1e10)
    found = choose_setting(dataclasses.replace(slow, machine=machine), "slow", plan)
    note = "a training takes cuda by itself, on which no training was measured without noise"
    assert found.device == "cpu" and found.notes == (note,)


def choose(*rows, **plan):
    made = TrainingPlan(**{"device": "auto", "precision": "auto", "compile": "auto", "flops": 1e10} | plan)
    return choose_setting(benchmark(*rows), "slow", made)


def test_only_rows_like_the_training_count():
    rows = [
        row("default", 1.0, threads=1, as_trained=False),
        row("default", 9.0, noise=("busy",), as_trained=False),
        row("default", None, reason="no memory", as_trained=False),
        row("original", 0.5, precision="bfloat16"),
        row("gpt2", 0.5, precision="bfloat16"),
        row("default", 2.0, as_trained=False),
        row("default", 3.0, precision="bfloat16", compiled=True, as_trained=False),
    ]
    auto = choose(*rows)
    assert (auto.precision, auto.threads, auto.compiled) == ("bfloat16", 2, False)
    assert [one.model for one in auto.rows] == ["original", "gpt2", "default"]
    assert [one.training.seconds_per_iteration for one in choose(*rows, precision="float32").rows] == [2.0]
    assert choose(*rows, flops=2e14).compiled and not choose(*rows, flops=2e14, compile="off").compiled
    other = choose(*rows, precision="float32", compile="on")
    assert other.notes == ("the training is compiled, no measured step was",)
    only = choose(row("default", 1.0, compiled=True), compile="off")
    assert only.notes == ("only compiled steps were measured",)


def test_the_usual_precision_is_known_from_a_noisy_row_too():
    rows = [row("default", 9.0, precision="bfloat16", noise=("busy",)), row("default", 2.0, as_trained=False)]
    with pytest.raises(ConfigError, match=r"not measured in bfloat16 on cpu without noise, but in float32"):
        choose(*rows)
    batch = row("batch-2", 0.1, precision="bfloat16", as_trained=False)
    assert [one.model for one in choose(*rows, batch).rows] == ["batch-2"]


def test_steps_that_are_compiled_otherwise_tell_less():
    rows = [row("default", 1.0), row("default", 0.5, compiled=True), row("gpt2", 10.0, compiled=True)]
    off, on = (of(params(compile=choice), *rows) for choice in ("off", "on"))
    assert 0.9 < off.step_seconds < 1 and 0.5 < on.step_seconds < 0.6
    alone = of(params(compile="off"), rows[1])
    assert alone.seconds_high / alone.seconds > off.seconds_high / off.seconds


def test_one_gpu_of_several_is_taken_and_the_best_device_by_default():
    rows = [row("default", 1.0), *(row("default", 0.1, device=f"cuda:{i}", compiled=True) for i in range(2))]
    assert [one.device for one in choose(*rows).rows] == ["cuda:0"]
    assert [one.device for one in choose(*rows, device="cpu").rows] == ["cpu"]
    message = r"has no training on 'mps' that was measured without noise; it has cuda, cpu"
    with pytest.raises(ConfigError, match=message):
        choose(*rows, device="mps")


def test_a_benchmark_that_does_not_tell_says_so():
    with pytest.raises(DataError, match=r"measured without noise. Measure again"):
        choose(row("default", 1.0, noise=("busy",)), row("default"))
    with pytest.raises(
        ConfigError, match=r"train.precision: slow was not measured in float16 on cpu without noise, but in float32"
    ):
        choose(row("default", 1.0), precision="float16")


def test_time_for_compiling_is_added():
    trained = dataclasses.replace(speed(1.0), first_step_seconds=31.0)
    compiled = dataclasses.replace(row("default", 1.0, compiled=True), training=trained)
    found = of(params(compile="on"), compiled)
    assert found.compiled and found.seconds == pytest.approx(of(params(), row("default", 1.0)).seconds + 30, rel=0.01)


def test_memory_follows_what_was_measured():
    plain = of(params(), *FULL).memory_bytes
    assert 0.4e9 < plain < 1.2e9
    peaks = [dataclasses.replace(one, training=speed(1.0, peak=3 * plain)) for one in [row("default", 1.0)]]
    assert of(params(), *peaks).memory_bytes == pytest.approx(3 * plain, rel=0.05)


def test_constants_that_are_written_twice_agree():
    assert prices.NEWTON_SCHULZ_STEPS == optimizers.NEWTON_SCHULZ_STEPS
    assert space.SNAPSHOTS == snapshots.KEPT + 1
    assert (space.VALIDATION_ROWS, space.VALIDATION_LOGITS) == (bits.BATCH, bits.MAX_LOGITS)
    assert space.MATMUL_ATTENTION == layers.MATMUL_ATTENTION_MAX_LEN


def test_a_validation_updates_nothing_and_costs_a_third():
    step = planned_step(params(), 2048, "float32")
    work, step_work = validation_amounts(step, 3 * 4096), amounts(step)
    assert work[:2] == pytest.approx(step_work[:2]) and work[2] == work[5] == 0


def test_a_rate_of_another_setting_is_not_taken():
    made = benchmark(row("default", 1.0), rate=RATE)
    other = MatrixRate(device="cpu", precision="float32", threads=1, flops_per_second=1e3)
    mixed = dataclasses.replace(made, rates=(other, *made.rates))
    assert estimate(params(), mixed, "slow", None, META) == estimate(params(), made, "slow", None, META)
