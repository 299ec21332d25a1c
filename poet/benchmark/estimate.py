"""Time, memory and disk of a planned training, from the benchmark of a machine.

The steps that a benchmark measured give the prices of work on that machine (`poet.benchmark.prices`); what the planned
training asks for is a matter of counting.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from poet.benchmark.prices import (
    MODEL_ERROR,
    OTHERWISE_COMPILED,
    OVERLAP,
    Prices,
    Step,
    Vector,
    amounts,
    fit,
    typical_prices,
)
from poet.benchmark.setting import WIDTHS, Setting, TrainingPlan, choose_setting, row_step
from poet.benchmark.space import SNAPSHOTS, VALIDATION_ROWS, memory_bytes, model_bytes, snapshot_bytes
from poet.errors import ConfigError
from poet.model.size import flops_per_token, parameter_count
from poet.params.decided import decide_optimizer, teacher_model
from poet.params.sections import Params
from poet.results.benchmark import Benchmark
from poet.tokens.token_files import VALIDATION
from poet.training.schedule import steps_in_all

# Bytes per second by which snapshots are written, flushed and hashed: that of a plain disk. The disk is not measured.
SNAPSHOT_SPEED = 3e8

# The true time lies in the range in nine of ten cases, if logarithms of times are normally distributed.
NINE_OF_TEN = 1.645


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a planned training takes. Times are in seconds, sizes in bytes; None: not known."""

    seconds: float
    # In nine of ten cases, the true time lies between these.
    seconds_low: float
    seconds_high: float
    steps: int
    step_seconds: float
    validations: int
    validation_seconds: float | None
    tokens: int
    tokens_per_step: int
    epochs: float | None
    parameters: int
    memory_bytes: int
    model_bytes: int
    # While the training runs; 0 where it ends before the first one.
    snapshot_bytes: int
    token_bytes: int | None
    # What the figures rest on.
    machine: str
    measured: str
    device: str
    device_name: str
    precision: str
    compiled: bool
    threads: int
    rows: int
    notes: tuple[str, ...]


def estimate(
    params: Params, benchmark: Benchmark, machine: str, device: str | None, meta: Mapping[str, Any] | None
) -> Estimate:
    """What the training that `params` describes takes on `machine`.

    `device` is a kind of device, None for that of `train.device`. `meta` is the meta.json of the collection's tokens,
    None where they are not made. Raises ConfigError or DataError where the benchmark does not tell.
    """
    _check_processes(params)
    _check_minutes(params)
    train, config = params.train, params.model.config
    vocab_size = int(meta["vocab_size"]) if meta else params.tokenize.vocab_size
    tokens_per_step = train.batch_size * train.state_windows * config.sequence_len
    tokens = tokens_per_step * train.steps
    plan = TrainingPlan(
        device=device or train.device,
        precision=train.precision,
        compile=train.compile,
        flops=float(flops_per_token(config, vocab_size)) * tokens,
    )
    setting = choose_setting(benchmark, machine, plan)
    step = planned_step(params, vocab_size, setting.precision)
    time = _time(params, step, setting, fit_rows(setting, benchmark), meta)
    # A training shorter than the time between two snapshots saves none.
    is_saved = time["seconds"] > params.runtime.snapshot_seconds
    return Estimate(
        **time,
        tokens=tokens,
        tokens_per_step=tokens_per_step,
        epochs=tokens / meta["splits"]["train"]["tokens"] if meta else None,
        parameters=parameter_count(config, vocab_size),
        memory_bytes=round(memory_bytes(step, setting.kind, _peaks(setting))),
        model_bytes=model_bytes(step),
        snapshot_bytes=SNAPSHOTS * snapshot_bytes(step) if is_saved else 0,
        token_bytes=_token_bytes(meta) if meta else None,
        machine=machine,
        measured=benchmark.measured[:10],
        device=setting.device,
        device_name=setting.rows[0].device_name,
        precision=setting.precision,
        compiled=setting.compiled,
        threads=setting.threads,
        rows=len(setting.rows),
        notes=(*setting.notes, *_notes(params, meta)),
    )


def _notes(params: Params, meta: Mapping[str, Any] | None) -> Iterator[str]:
    """What the figures leave open."""
    if meta is None:
        yield "no tokens are made with these settings, so epochs and the time of the validations are not known"
    if params.train.teachers:
        yield (
            f"train.teachers: {params.train.teachers} trainings of {params.train.teacher_steps:,} steps come first; "
            "the time is that of all, steps are those of the model itself"
        )
    if params.train.patience:
        yield "train.patience may end the training earlier"


def planned_step(params: Params, vocab_size: int, precision: str) -> Step:
    """A step of the training that `params` describes."""
    train = decide_optimizer(params.train, params.model.preset)
    return Step(
        config=params.model.config,
        vocab_size=vocab_size,
        rows=train.batch_size // train.accumulate,
        passes=train.accumulate * train.state_windows,
        muon=train.optimizer.kind == "muon",
        width=WIDTHS[precision],
    )


def _time(
    params: Params, step: Step, setting: Setting, prices: Prices, meta: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The fields of `Estimate` that are about time."""
    train, work = params.train, amounts(step)
    step_seconds = prices.seconds(work)
    validations = -(-train.steps // train.validate_every)
    # How much text validates is known once the tokens are made.
    validation = prices.seconds(validation_amounts(step, meta["splits"][VALIDATION]["tokens"])) if meta else None
    sample = train.sample_tokens * token_seconds(step, setting)
    config = params.model.config
    of_teacher = teacher_model(params.model, train).config if train.teachers else config
    size = flops_per_token(of_teacher, step.vocab_size) / flops_per_token(config, step.vocab_size)
    seconds = steps_in_all(train.steps, train.teachers, train.teacher_steps, size) * step_seconds
    of_teachers = train.teachers * -(-train.teacher_steps // train.validate_every)
    seconds += (validations + of_teachers) * ((validation or 0.0) + sample) + (1 + train.teachers) * _compiling(setting)
    # A snapshot is due so many seconds after the one before.
    seconds += int(seconds / params.runtime.snapshot_seconds) * snapshot_bytes(step) / SNAPSHOT_SPEED
    spread = float(np.exp(NINE_OF_TEN * prices.deviation(work)))
    return {
        "seconds": seconds,
        "seconds_low": seconds / spread,
        "seconds_high": seconds * spread,
        "steps": train.steps,
        "step_seconds": step_seconds,
        "validations": validations,
        "validation_seconds": validation,
    }


def _check_minutes(params: Params) -> None:
    """ConfigError for a training whose size is not known before it begins."""
    if params.train.minutes is not None:
        raise ConfigError(
            f"train.minutes: {params.train.minutes:g} is how long the training takes; it picks size and steps when it "
            "begins. To estimate what params.yaml says without it: -S train.minutes=null"
        )


def _check_processes(params: Params) -> None:
    """ConfigError for trainings that a benchmark of one device says nothing about."""
    if params.train.processes > 1:
        raise ConfigError(
            f"train.processes: {params.train.processes} processes are not estimated, because a benchmark measures one "
            "device, and not how fast several exchange gradients. Estimate one with -S train.processes=1; on as many "
            "GPUs the steps take that time over their number at best, on one CPU as long."
        )


def fit_rows(setting: Setting, benchmark: Benchmark) -> Prices:
    """The prices on the device of `setting`."""
    seconds = [row.training.seconds_per_iteration for row in setting.rows if row.training]
    rates = [
        rate.flops_per_second
        for rate in benchmark.rates
        if (rate.device, rate.precision) == (setting.device, setting.precision)
        and (rate.threads == setting.threads or setting.kind != "cpu")
    ]
    # Without a rate, the best step tells one: a good step reaches half of it.
    steps = [row.flops_per_token * row.shape.tokens / second for row, second in zip(setting.rows, seconds, strict=True)]
    rate = rates[0] if rates else 2 * max(steps)
    typical = typical_prices(setting.kind, rate, setting.threads)
    works = [amounts(row_step(row)) for row in setting.rows]
    errors = [MODEL_ERROR if row.compiled == setting.compiled else OTHERWISE_COMPILED for row in setting.rows]
    return fit(typical, works, seconds, errors, overlap=1.0 if setting.kind == "cpu" else OVERLAP)


def validation_amounts(step: Step, tokens: int) -> Vector:
    """The work of a validation on `tokens` tokens: a forward pass, a third of forward and backward, and no update."""
    passes = -(-tokens // (VALIDATION_ROWS * step.config.sequence_len))
    whole = dataclasses.replace(step, rows=VALIDATION_ROWS, passes=passes, muon=False)
    work = amounts(whole) * (tokens / whole.tokens) / 3
    work[-2] = 0.0  # no parameter is updated
    return work


def token_seconds(step: Step, setting: Setting) -> float:
    """Seconds to generate a token of a sample: all weights are read, and the kernels of every layer started."""
    rows = [row for row in setting.rows if row.generation]
    threads = min(setting.threads, 4) if setting.kind == "cpu" else 100
    typical = np.array([1e-10 / threads, 3e-4])
    works = [np.array([row.parameters * WIDTHS[row.precision], row.shape.n_layer + 1.0]) for row in rows]
    prices = fit(typical, works, [1 / row.generation.tokens_per_second for row in rows if row.generation])
    parameters = parameter_count(step.config, step.vocab_size)
    return prices.seconds(np.array([4.0 * parameters, step.config.n_layer + 1.0]))


def _compiling(setting: Setting) -> float:
    """Seconds until the first step of a compiled training."""
    trained = [row.training for row in setting.rows if row.training and row.compiled] if setting.compiled else []
    return float(np.median([one.first_step_seconds - one.seconds_per_iteration for one in trained])) if trained else 0.0


def _peaks(setting: Setting) -> Sequence[tuple[Step, int]]:
    """The steps of the rows with their peaks of memory, where one was measured."""
    return [
        (row_step(row), row.training.peak_memory_bytes)
        for row in setting.rows
        if row.training and row.training.peak_memory_bytes
    ]


def _token_bytes(meta: Mapping[str, Any]) -> int:
    return int(np.dtype(meta["dtype"]).itemsize) * sum(int(split["tokens"]) for split in meta["splits"].values())
