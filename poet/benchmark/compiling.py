"""From which length of training on does `torch.compile` win its own time back on this machine's CPU?

Run:  python -m poet.benchmark.compiling

Everything is measured in CPU seconds of one thread, because other work on the machine hardly changes those. Compiling
counts with the compilers that it starts. COMPILE_MIN_FLOPS in `poet.training.compile_rule` is twice the last column.
"""

import os
import statistics
import time

import click
import torch

from poet.benchmark.models import make_model, optimizer_settings
from poet.device.device import dtype_name, pick_precision
from poet.results.benchmark import Shape
from poet.training.distributed import World
from poet.training.step import Trainer, compile_blocks

CPU = torch.device("cpu")

# Layers, width, window and rows of a batch: the default model, a smaller one, and larger ones.
SIZES = [(3, 192, 256, 16), (4, 128, 64, 12), (6, 256, 256, 8), (6, 384, 256, 8)]
VOCAB_SIZE = 2048


@click.command()
@click.option("--rounds", type=int, default=7, show_default=True, help="Steps of each kind; the median counts.")
def main(rounds: int) -> None:
    """Print a table: seconds of an eager and a compiled step, seconds of compiling, FLOPs until that is won back."""
    torch.set_num_threads(1)
    dtypes = dict.fromkeys((torch.float32, pick_precision("auto", CPU)))
    click.echo("| layers x width, window, batch | precision | eager s | compiled s | compiling s | won back after |")
    click.echo("|---|---|---|---|---|---|")
    for size in SIZES:
        for dtype in dtypes:
            click.echo(_row(*size, dtype, rounds))


def _row(layers: int, width: int, window: int, batch: int, dtype: torch.dtype, rounds: int) -> str:
    # What an earlier size compiled must not speed this one up, nor what an earlier call left in Inductor's cache.
    torch.compiler.reset()
    torch.compiler.config.force_disable_caches = True
    eager, compiled = (_trainer(layers, width, window, dtype) for _ in range(2))
    generator = torch.Generator().manual_seed(0)
    inputs, targets = (torch.randint(VOCAB_SIZE, (batch, window), generator=generator) for _ in range(2))
    eager.step(inputs, targets, 1.0, 0)
    start = sum(os.times()[:4])
    compile_blocks(compiled, inputs, targets)
    compiling = sum(os.times()[:4]) - start
    seconds: list[list[float]] = [[], []]
    for _ in range(rounds):
        for trainer, times in zip((eager, compiled), seconds, strict=True):
            begin = time.process_time()
            trainer.step(inputs, targets, 1.0, 0)
            times.append(time.process_time() - begin)
    ours, theirs = (statistics.median(times) for times in seconds)
    flops = eager.model.flops_per_token() * batch * window
    # A step that compiling does not speed up never wins anything back.
    back = f"{compiling / (ours - theirs) * flops:.1e} FLOPs" if ours > theirs else "never"
    figures = f"{ours:.3f} | {theirs:.3f} | {compiling:.1f} | {back}"
    return f"| {layers} x {width}, {window}, {batch} | {dtype_name(dtype)} | {figures} |"


def _trainer(layers: int, width: int, window: int, dtype: torch.dtype) -> Trainer:
    shape = Shape(
        preset="modern",
        n_layer=layers,
        n_head=2,
        n_embd=width,
        sequence_len=window,
        vocab_size=VOCAB_SIZE,
        batch_size=1,
    )
    return Trainer(make_model(shape), optimizer_settings(shape), dtype, world=World(device=CPU))


if __name__ == "__main__":
    main()
