"""Timing one model in one setting: training steps, generation, memory, and how far the figures can be trusted."""

import contextlib
import dataclasses
import os
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch

from poet.benchmark.models import ReferenceModel, make_model, parameters, training_flops
from poet.benchmark.noise import OtherWork, load_average, relative_spread, signs_of_noise
from poet.benchmark.timing import percentiles, time_for, time_repeats
from poet.benchmark.work import Training, generated_tokens, generation
from poet.device.device import dtype_name, is_out_of_memory, matmul_flops_per_second, now
from poet.device.memory import forget_peak, peak_bytes
from poet.errors import TrainingError
from poet.results.benchmark import TOLERANCE, Device, GenerationSpeed, MatrixRate, Row, Sweep, TrainingSpeed

# Training steps: those that warm up after the first one, and those that are timed, as many as fit into the seconds.
WARMUP, LEAST, MOST, TRAINING_SECONDS = 1, 5, 200, 3.0
# Seconds that a timing takes at least: shorter steps and texts are timed several together.
SHORTEST = 0.15

# Texts that are timed, as many as fit into the seconds; one before them warms up.
LEAST_TEXTS, MOST_TEXTS, TEXT_SECONDS = 3, 20, 1.5
# Texts vary more than steps: each token has a share of Python's work.
SHORTEST_TEXTS = 0.3

# How many sequences are written side by side.
MANY = 16


# What a device raises that fails: a fact about the machine, so the other cases go on. torch's errors of devices and of
# compilers are RuntimeErrors; a device that computes no finite loss ends a training.
FAILURES = (RuntimeError, MemoryError, TrainingError)


def describe_failure(error: BaseException) -> str:
    """What `error`, one of FAILURES, says in one line, without the name of a user."""
    text = str(error).partition("\n")[0].partition(" GPU ")[0][:200].rstrip(".") or type(error).__name__
    text = text.replace(str(Path.home()), "~")
    return f"not enough memory: {text}" if is_out_of_memory(error) else f"the device failed: {text}"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to run a model: where, in which dtype, compiled or not, on how many threads of the CPU.

    `as_trained`: a training takes this setting by itself.
    """

    device: Device
    precision: torch.dtype
    compiled: bool
    threads: int
    as_trained: bool

    @property
    def torch_device(self) -> torch.device:
        """The device as torch knows it."""
        return torch.device(self.device.device)


@dataclass
class Rates:
    """The FLOP/s of a large matrix product in each setting that was asked for; each is measured once."""

    measured: dict[tuple[str, str, int], MatrixRate] = field(default_factory=dict)

    def of(self, setting: Setting) -> float:
        """The rate on the device of `setting`, in its precision, with its threads."""
        key = (setting.device.device, dtype_name(setting.precision), setting.threads)
        if key not in self.measured:
            with use_threads(setting):
                rate = matmul_flops_per_second(setting.torch_device, setting.precision)
            device, precision, threads = key
            self.measured[key] = MatrixRate(
                device=device, precision=precision, threads=threads, flops_per_second=round(rate)
            )
        return self.measured[key].flops_per_second


@contextlib.contextmanager
def use_threads(setting: Setting) -> Iterator[None]:
    """Let torch use the CPU threads of `setting` inside the `with` block."""
    previous = torch.get_num_threads()
    torch.set_num_threads(setting.threads)
    try:
        yield
    finally:
        torch.set_num_threads(previous)


def blank_row(model: ReferenceModel, setting: Setting, sweep: Sweep = "", reason: str = "") -> Row:
    """What is known before anything is timed; `reason` says why nothing was."""
    return Row(
        model=model.name,
        shape=model.shape,
        parameters=parameters(model.shape),
        flops_per_token=training_flops(model.shape),
        device=setting.device.device,
        device_name=setting.device.name,
        precision=dtype_name(setting.precision),
        compiled=setting.compiled,
        threads=setting.threads,
        as_trained=setting.as_trained,
        sweep=sweep,
        reason=reason,
    )


def measure(model: ReferenceModel, setting: Setting, rates: Rates, sweep: Sweep = "") -> Row:
    """Time `model` in `setting`; rows of a sweep have no generation. Raises what torch raises when the device fails."""
    rate, load = rates.of(setting), load_average()
    with use_threads(setting):
        other_work, compiled, training, spread = _time_training(model, setting, rate)
        generation, reason = None, ""
        if not sweep:
            # A model may be trained where 16 texts find no memory.
            try:
                generation = _time_generation(model, setting)
            except FAILURES as error:
                reason = f"generation: {describe_failure(error)}"
    # A GPU computes beside one thread that keeps it busy.
    threads, other_cores = setting.threads if setting.device.device == "cpu" else 1, other_work.cores()
    return dataclasses.replace(
        blank_row(model, setting, sweep, reason),
        compiled=compiled,
        training=training,
        generation=generation,
        load_average=load,
        other_cores=other_cores,
        noise=tuple(signs_of_noise({"training": spread}, other_cores, threads, os.cpu_count() or 1)),
    )


def is_unsteady(row: Row) -> bool:
    """Whether calls of the same work differed by more than the TOLERANCE: another measurement may do better."""
    generation = row.generation.relative_spread if row.generation else 0.0
    return row.training is not None and max(_relative_spread(row.training), generation) > TOLERANCE


def steadier(first: Row, second: Row) -> Row:
    """The one of two measurements of the same work with fewer signs of noise; of equals, that with the less spread."""

    def disorder(row: Row) -> tuple[int, float]:
        signs = len(row.noise) + (len(row.generation.noise) if row.generation else 0)
        return signs, _relative_spread(row.training) if row.training else 0.0

    return min(first, second, key=disorder)


def _relative_spread(speed: TrainingSpeed) -> float:
    return (speed.seconds_p95 - speed.seconds_p5) / speed.seconds_per_iteration


def _time_training(
    model: ReferenceModel, setting: Setting, rate: float
) -> tuple[OtherWork, bool, TrainingSpeed, float]:
    """What other work there is, whether the model was compiled, its speed, and the relative spread of its steps.

    Nothing stays in memory.
    """
    device = setting.torch_device
    clock = partial(now, device)
    forget_peak(device)
    work = Training(model.shape, device, setting.precision, compiled=setting.compiled)
    [first] = time_repeats(work.first_step, clock, warmup=0, repeats=1)
    # From here on: the first step starts compilers, which are processes of their own and no work of others.
    other_work = OtherWork()
    steps = time_for(work.step, clock, TRAINING_SECONDS, warmup=WARMUP, least=LEAST, most=MOST, shortest=SHORTEST)
    seconds = statistics.median(steps)
    low, high = percentiles(steps)
    if work.compiled:
        # What one model compiled must not speed the next one up.
        torch.compiler.reset()
    tokens_per_second = model.shape.tokens / seconds
    speed = TrainingSpeed(
        iterations=len(steps),
        seconds_per_iteration=_rounded(seconds),
        seconds_p5=_rounded(low),
        seconds_p95=_rounded(high),
        tokens_per_second=_rounded(tokens_per_second),
        utilization=_rounded(training_flops(model.shape) * tokens_per_second / rate),
        first_step_seconds=_rounded(first),
        peak_memory_bytes=peak_bytes(device),
    )
    return other_work, work.compiled, speed, relative_spread(steps)


def _time_generation(model: ReferenceModel, setting: Setting) -> GenerationSpeed:
    """The speed of writing, with the weights in the dtype of the computations; training has them in float32."""
    device = setting.torch_device
    clock = partial(now, device)
    transformer = make_model(model.shape).to(device, setting.precision).eval()
    tokens = generated_tokens(model.shape)

    def seconds(sequences: int, tokens: int) -> list[float]:
        work = generation(transformer, sequences, tokens, setting.precision)
        return time_for(
            work, clock, TEXT_SECONDS, warmup=1, least=LEAST_TEXTS, most=MOST_TEXTS, shortest=SHORTEST_TEXTS
        )

    one, many, first = seconds(1, tokens), seconds(MANY, tokens), seconds(1, 1)
    spread = max(relative_spread(one), relative_spread(many))
    return GenerationSpeed(
        tokens_per_second=_rounded(tokens / statistics.median(one)),
        tokens_per_second_16=_rounded(MANY * tokens / statistics.median(many)),
        first_token_seconds=_rounded(statistics.median(first)),
        relative_spread=spread,
        # What other work took is a sign of noise in the whole row.
        noise=tuple(signs_of_noise({"generation": spread}, None, 1, 1)),
    )


def _rounded(value: float) -> float:
    """`value` with four digits that count: a timing has no more."""
    return float(f"{value:.4g}")
