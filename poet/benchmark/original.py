"""The sizes of the first torch-transformer-poet, timed here: `python -m poet.benchmark.original`.

Its times were taken on two CPU cores with `ml_indie_tools.pytorch_custom_layers.MultiHeadSelfAttention`.
"""

import dataclasses
import json
import time
from functools import partial
from typing import Any

import click
import torch

from poet.benchmark.cases import OPTIMIZER, exhaust, training_step
from poet.benchmark.timing import median_and_spread, time_repeats
from poet.device.device import describe_machine, keep_freed_memory, matrix_multiply_rate, pick_precision
from poet.model.transformer import Transformer
from poet.params.model import model_settings
from poet.params.sampling import SamplingParams
from poet.params.sections import BenchmarkCase

CPU = torch.device("cpu")
ADAMW = dataclasses.replace(OPTIMIZER, kind="adamw")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Original:
    """A size, and what the first implementation needed: seconds per iteration, tokens generated per second."""

    case: BenchmarkCase
    seconds: float
    generated: float


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
    """Print training and generation speed at the original's sizes as JSON, and how many times faster they are."""
    keep_freed_memory()
    dtypes = dict.fromkeys((torch.float32, pick_precision("auto", CPU)))
    rates = {_name(dtype): matrix_multiply_rate(CPU, dtype) / 1e9 for dtype in dtypes}
    rows = [_measure(size, dtype, repeats) for size in SIZES for dtype in dtypes]
    click.echo(json.dumps({"machine": describe_machine(), "gflops": rates, "results": rows}, indent=2))


def _measure(size: Original, dtype: torch.dtype, repeats: int) -> dict[str, Any]:
    step = training_step(size.case, CPU, dtype, ADAMW)
    seconds, spread = median_and_spread(time_repeats(step, time.perf_counter, warmup=1, repeats=repeats))
    del step
    model = Transformer(size.case.model.config, size.case.vocab_size, torch.Generator().manual_seed(0))
    one, many = (_generated(model.to(dtype).eval(), dtype, count) for count in (1, 16))
    return {
        "model": size.case.name,
        "precision": _name(dtype),
        "seconds_per_iteration": seconds,
        "spread": spread,
        "training_times_faster": size.seconds / seconds,
        "generated_per_second": one,
        "generation_times_faster": one / size.generated,
        "generated_per_second_16_at_once": many,
        "16_over_1": many / one,
    }


def _generated(model: Transformer, dtype: torch.dtype, count: int) -> float:
    """Tokens per second of all `count` sequences together."""
    tokens = model.config.sequence_len - 1
    draws = [SamplingParams(temperature=0.8, seed=seed) for seed in range(count)]
    work = partial(exhaust, model, draws, tokens, dtype)
    seconds, _ = median_and_spread(time_repeats(work, time.perf_counter, warmup=1, repeats=3))
    return count * tokens / seconds


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


if __name__ == "__main__":
    main()
