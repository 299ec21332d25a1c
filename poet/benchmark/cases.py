"""How fast this machine trains and generates: each model size on each device, in each precision.

The figures belong to this machine. Only the report reads them.
"""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from poet.benchmark.noise import OtherWork, load_average, relative_spread, signs_of_noise, slower_with_more_threads
from poet.benchmark.timing import median_and_spread, time_repeats
from poet.device.device import DEVICES, describe_machine, dtype_name, now, pick_precision, present_devices
from poet.generation.sampling import generate
from poet.model.transformer import Transformer
from poet.params.sampling import SamplingParams
from poet.params.sections import BenchmarkCase, BenchmarkSettings, OptimizerSettings
from poet.training.distributed import World
from poet.training.step import Trainer

# Muon, as in the default training. The values have no influence on the speed, except that clip_norm 0 saves the
# clipping.
OPTIMIZER = OptimizerSettings(
    kind="muon",
    matrix_learning_rate=0.01,
    embedding_learning_rate=0.01,
    head_learning_rate=0.001,
    learning_rate=0.001,
    weight_decay=0.0,
    momentum=0.95,
    clip_norm=0.0,
)

# Passes of generation that are timed, each over a whole text.
GENERATION_REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One way to run a case."""

    # The kind of device: "cuda", "mps" or "cpu".
    device: str
    # The dtype of the computations. In training, the weights stay float32.
    precision: torch.dtype
    # The threads that torch may use on the CPU.
    threads: int


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The speed of one case in one setup. The fields are the keys of a row in benchmark.json."""

    # The name of the case, and the size of its model.
    model: str
    parameters: int
    # How it was run. Nothing is compiled, so that no figure depends on a compiler.
    device: str
    precision: str
    compiled: bool
    threads: int
    # The median time of a training step, and the distance between the quartiles.
    seconds_per_iteration: float
    spread: float
    # The speed of training, and that of generating a single sequence.
    tokens_per_second: float
    generate_tokens_per_second: float
    # For both, the distance between the 5th and the 95th percentile of the timed calls, as a share of their median.
    relative_spread: float
    generate_relative_spread: float
    # The load average when the measurement began, and the processors that other work took during it (None: not told).
    load_average: float | None
    other_cores: float | None
    # Why the figures are noisy, in words. Only rows without such a reason may be compared.
    noise: list[str]


def plan_benchmark(cases: Sequence[BenchmarkCase]) -> list[tuple[BenchmarkCase, Setup]]:
    """Every case in every setup that this machine offers."""
    return [(case, setup) for case in cases for setup in _setups(torch.get_num_threads())]


def _setups(threads: int) -> Iterator[Setup]:
    """Each device in float32 and in its best precision; the CPU on one thread and on all `threads`."""
    for kind in present_devices():
        best = pick_precision("auto", torch.device(kind))
        # dict.fromkeys removes doubles and keeps the order: the best precision may be float32, all threads may be one.
        for precision in dict.fromkeys((torch.float32, best)):
            for count in dict.fromkeys((1, threads)) if kind == "cpu" else (threads,):
                yield Setup(device=kind, precision=precision, threads=count)


def measure(case: BenchmarkCase, setup: Setup, settings: BenchmarkSettings) -> Measurement:
    """Time training steps and generation of a new model of the size of `case`."""
    device = torch.device(setup.device)
    clock = partial(now, device)
    load, other_work = load_average(), OtherWork()
    with _threads(setup.threads):
        # The trained model is not kept in a variable, so its memory is free for the generation.
        steps = time_repeats(
            training_step(case, device, setup.precision), clock, warmup=settings.warmup, repeats=settings.iterations
        )
        # Generation has the weights in the dtype of the computations, training has them in float32.
        model = Transformer(case.model.config, case.vocab_size, torch.Generator().manual_seed(0))
        model.to(device, setup.precision).eval()
        # One token less than the context: the text fills it once and never slides.
        tokens = min(settings.generate_tokens, case.model.sequence_len - 1)
        work = generation(model, 1, tokens, setup.precision)
        generations = time_repeats(work, clock, warmup=1, repeats=GENERATION_REPEATS)
    seconds, spread = median_and_spread(steps)
    generation_seconds, _ = median_and_spread(generations)
    spreads = {"training": relative_spread(steps), "generation": relative_spread(generations)}
    # A GPU computes beside one thread that keeps it busy.
    threads, other_cores = setup.threads if setup.device == "cpu" else 1, other_work.cores()
    return Measurement(
        model=case.name,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        device=setup.device,
        precision=dtype_name(setup.precision),
        compiled=False,
        threads=setup.threads,
        seconds_per_iteration=seconds,
        spread=spread,
        tokens_per_second=case.batch_size * case.model.sequence_len / seconds,
        generate_tokens_per_second=tokens / generation_seconds,
        relative_spread=spreads["training"],
        generate_relative_spread=spreads["generation"],
        load_average=load,
        other_cores=other_cores,
        noise=signs_of_noise(spreads, other_cores, threads, os.cpu_count() or 1),
    )


def compare_threads(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The `measurements`, with a reason for noise added where more threads were slower than fewer."""
    marked = []
    for one in measurements:
        alike = [other for other in measurements if _work(other) == _work(one)]
        sign = slower_with_more_threads({other.threads: other.seconds_per_iteration for other in alike})
        marked.append(dataclasses.replace(one, noise=[*one.noise, *filter(None, [sign.get(one.threads)])]))
    return marked


def _work(measurement: Measurement) -> tuple[str, str, str]:
    """What was measured, whatever the number of threads."""
    return measurement.model, measurement.device, measurement.precision


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch use `count` CPU threads inside the `with` block."""
    previous = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(previous)


def training_step(
    case: BenchmarkCase, device: torch.device, precision: torch.dtype, optimizer: OptimizerSettings = OPTIMIZER
) -> Callable[[], None]:
    """A function that trains a new model of the size of `case` for one step, on random tokens."""
    generator = torch.Generator().manual_seed(0)
    # What the tokens are has no influence on the speed.
    model = Transformer(case.model.config, case.vocab_size, generator).to(device)
    trainer = Trainer(model, optimizer, precision, world=World(device=device))
    shape = (case.batch_size, case.model.sequence_len)  # (B, T)
    inputs, targets = (torch.randint(case.vocab_size, shape, generator=generator).to(device) for _ in range(2))

    def step() -> None:
        trainer.step(inputs, targets, 1.0, 0)

    return step


def generation(model: Transformer, sequences: int, tokens: int, dtype: torch.dtype) -> Callable[[], None]:
    """A function that generates `sequences` sequences of `tokens` tokens side by side and discards them."""
    sampling = [SamplingParams(temperature=0.8, seed=seed) for seed in range(sequences)]

    def run() -> None:
        for _ in generate(model, [0], sampling, tokens, dtype):
            pass

    return run


def benchmark_report(measurements: Sequence[Measurement]) -> dict[str, Any]:
    """The content of benchmark.json: the machine, the measurements, and the devices that it does not have."""
    absent = [kind for kind in DEVICES if kind not in present_devices()]
    return {
        "machine": describe_machine(),
        "results": [dataclasses.asdict(measurement) for measurement in measurements],
        "skipped": [
            {"device": kind, "reason": f"torch {torch.__version__} finds no {kind} device on this machine"}
            for kind in absent
        ],
    }
