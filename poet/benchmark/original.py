"""How much faster than the first torch-transformer-poet, at its sizes: `python -m poet.benchmark.original`.

The times of the first one were taken on two CPU cores, with the attention that it used:
`ml_indie_tools.pytorch_custom_layers.MultiHeadSelfAttention`.
"""

import dataclasses
import json
import os
import time
from typing import Any

import click
import torch

from poet.benchmark.cases import GENERATION_REPEATS, OPTIMIZER, generation, training_step
from poet.benchmark.noise import OtherWork, load_average, relative_spread, signs_of_noise
from poet.benchmark.timing import median_and_spread, time_repeats
from poet.device.device import (
    describe_machine,
    dtype_name,
    keep_freed_memory,
    matmul_flops_per_second,
    pick_precision,
)
from poet.model.transformer import Transformer
from poet.params.model import model_settings
from poet.params.sections import BenchmarkCase

CPU = torch.device("cpu")

# The first implementation had AdamW.
ADAMW = dataclasses.replace(OPTIMIZER, kind="adamw")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Original:
    """A model size and the speed of the first implementation."""

    case: BenchmarkCase
    # Seconds per training step.
    seconds: float
    # Tokens generated per second, one sequence at a time.
    generated: float


# Its two sizes: the default, and the one with 71 million parameters.
SIZES = [
    Original(
        case=BenchmarkCase(
            name="original",
            model=model_settings("modern", n_layer=7, n_head=8, n_embd=128, sequence_len=128),
            vocab_size=20_000,
            batch_size=32,
        ),
        seconds=2.35,
        generated=66,
    ),
    Original(
        case=BenchmarkCase(
            name="71M",
            model=model_settings("modern", n_layer=32, n_head=16, n_embd=384, sequence_len=128),
            vocab_size=20_000,
            batch_size=4,
        ),
        seconds=3.27,
        generated=5.6,
    ),
]


@click.command(epilog="Example: python -m poet.benchmark.original --repeats 5")
@click.option("--repeats", type=click.IntRange(min=1), default=5, show_default=True)
def main(repeats: int) -> None:
    """Print training and generation speed at the original's sizes as JSON, and how many times faster they are.

    The times are null where the machine was too busy to tell.
    """
    keep_freed_memory()
    # dict.fromkeys removes doubles: the best precision may be float32.
    dtypes = dict.fromkeys((torch.float32, pick_precision("auto", CPU)))
    rates = {dtype_name(dtype): matmul_flops_per_second(CPU, dtype) / 1e9 for dtype in dtypes}
    rows = [_measure(size, dtype, repeats) for size in SIZES for dtype in dtypes]
    click.echo(json.dumps({"machine": describe_machine(), "gflops": rates, "results": rows}, indent=2))


def _measure(size: Original, dtype: torch.dtype, repeats: int) -> dict[str, Any]:
    """The speed at one size in one dtype, beside that of the original; a noisy one is compared with nothing."""
    load, other_work = load_average(), OtherWork()
    # The time of training, then, with a model of its own, that of generation.
    step = training_step(size.case, CPU, dtype, ADAMW)
    steps = time_repeats(step, time.perf_counter, warmup=1, repeats=repeats)
    del step  # frees the trained model and its optimizer
    model = Transformer(size.case.model.config, size.case.vocab_size, torch.Generator().manual_seed(0))
    model.to(dtype).eval()
    # Sequences side by side share each pass through the weights: 16 should take little longer than 1.
    one, many = (_generations(model, dtype, count) for count in (1, 16))

    spreads = {
        "training": relative_spread(steps),
        "generation": relative_spread(one),
        "generation of 16": relative_spread(many),
    }
    other_cores = other_work.cores()
    noise = signs_of_noise(spreads, other_cores, torch.get_num_threads(), os.cpu_count() or 1)
    (seconds, spread), (one_seconds, _), (many_seconds, _) = map(median_and_spread, (steps, one, many))
    # One token less than the context: the text fills it once and never slides.
    tokens = model.config.sequence_len - 1
    ratios = {
        "training_times_faster": size.seconds / seconds,
        "generation_times_faster": tokens / one_seconds / size.generated,
        "16_over_1": 16 * one_seconds / many_seconds,
    }
    return {
        "model": size.case.name,
        "precision": dtype_name(dtype),
        "seconds_per_iteration": seconds,
        "spread": spread,
        "generated_per_second": tokens / one_seconds,
        "generated_per_second_16_at_once": 16 * tokens / many_seconds,
        **{name: None if noise else ratio for name, ratio in ratios.items()},
        "load_average": load,
        "other_cores": other_cores,
        "noise": noise,
    }


def _generations(model: Transformer, dtype: torch.dtype, sequences: int) -> list[float]:
    """The seconds of generating `sequences` whole texts side by side, several times."""
    work = generation(model, sequences, model.config.sequence_len - 1, dtype)
    return time_repeats(work, time.perf_counter, warmup=1, repeats=GENERATION_REPEATS)


if __name__ == "__main__":
    main()
