"""The benchmark stage: how fast this machine trains and generates, on every device it has.

The figures are this machine's alone. Nothing but the report reads them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from poet.benchmark.timing import median_and_spread, time_repeats
from poet.device.device import DEVICES, describe_machine, keep_freed_memory, now, pick_precision, present_devices
from poet.files import write_json
from poet.generation.sampling import generate
from poet.model.transformer import Transformer
from poet.params.sampling import SamplingParams
from poet.params.sections import BenchmarkCase, BenchmarkSettings, OptimizerSettings
from poet.progress import progress_bar
from poet.training.distributed import World
from poet.training.step import Engine

# The values have no influence on the speed.
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


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to run a case."""

    device: str
    precision: torch.dtype
    threads: int


def benchmark(settings: BenchmarkSettings, out: Path) -> dict[str, Any]:
    """Time every case in every setting that this machine offers; writes and returns benchmark.json."""
    keep_freed_memory()
    threads = torch.get_num_threads()
    plan = [(case, setting) for case in settings.cases for setting in _settings(threads)]
    results = []
    with progress_bar("benchmark", len(plan)) as advance:
        for case, setting in plan:
            results.append(_measure(case, setting, settings))
            advance(1, f"{case.name} on {setting.device}")
    torch.set_num_threads(threads)
    absent = [kind for kind in DEVICES if kind not in present_devices()]
    report = {
        "machine": describe_machine(),
        "results": results,
        "skipped": [
            {"device": kind, "reason": f"torch {torch.__version__} finds no {kind} device on this machine"}
            for kind in absent
        ],
    }
    write_json(out, report)
    return report


def _settings(threads: int) -> Iterator[Setting]:
    for kind in present_devices():
        native = pick_precision("auto", torch.device(kind))
        for precision in dict.fromkeys((torch.float32, native)):
            for count in dict.fromkeys((1, threads)) if kind == "cpu" else (threads,):
                yield Setting(device=kind, precision=precision, threads=count)


def _measure(case: BenchmarkCase, setting: Setting, settings: BenchmarkSettings) -> dict[str, Any]:
    torch.set_num_threads(setting.threads)
    device = torch.device(setting.device)
    clock = partial(now, device)
    model = Transformer(case.model.config, case.vocab_size, torch.Generator().manual_seed(0)).to(device)
    iterations = time_repeats(
        training_step(case, device, setting.precision), clock, warmup=settings.warmup, repeats=settings.iterations
    )
    seconds, spread = median_and_spread(iterations)
    model.to(setting.precision).eval()
    draw = SamplingParams(temperature=0.8, seed=0)
    tokens = min(settings.generate_tokens, case.model.sequence_len - 1)  # one pass over the context, without a slide
    generating = partial(exhaust, model, [draw], tokens, setting.precision)
    generation, _ = median_and_spread(time_repeats(generating, clock, warmup=1, repeats=3))
    return {
        "model": case.name,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "device": setting.device,
        "precision": str(setting.precision).removeprefix("torch."),
        "compiled": False,
        "threads": setting.threads,
        "seconds_per_iteration": seconds,
        "spread": spread,
        "tokens_per_second": case.batch_size * case.model.sequence_len / seconds,
        "generate_tokens_per_second": tokens / generation,
    }


def training_step(
    case: BenchmarkCase, device: torch.device, precision: torch.dtype, optimizer: OptimizerSettings = OPTIMIZER
) -> Callable[[], None]:
    """A call that trains the model of `case` for one step on random tokens."""
    generator = torch.Generator().manual_seed(0)
    engine = Engine(
        Transformer(case.model.config, case.vocab_size, generator).to(device),
        optimizer,
        precision,
        world=World(device=device),
    )
    shape = (case.batch_size, case.model.sequence_len)
    inputs, targets = (torch.randint(case.vocab_size, shape, generator=generator).to(device) for _ in range(2))

    def step() -> None:
        engine.step(inputs, targets, 1.0, 0)

    return step


def exhaust(model: Transformer, draws: Sequence[SamplingParams], tokens: int, dtype: torch.dtype) -> None:
    """Generate `tokens` tokens for each of `draws`, and forget them."""
    for _ in generate(model, [0], draws, tokens, dtype):
        pass
