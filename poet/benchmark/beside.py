"""What does another busy program cost a training and a generation on this machine's CPU?

Run:  python -m poet.benchmark.beside

Threads that share a step wait for the slowest one many times. How they wait decides what another program costs; see
`poet.SPINS`. To compare:  GOMP_SPINCOUNT=300000 python -m poet.benchmark.beside
"""

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import click
import torch

from poet.benchmark.models import DEFAULT, make_model, optimizer_settings
from poet.benchmark.timing import time_repeats
from poet.device.device import dtype_name, keep_freed_memory, pick_precision
from poet.generation.sampling import generate
from poet.params.sampling import SamplingParams
from poet.training.distributed import World
from poet.training.step import Trainer

CPU = torch.device("cpu")

# A program that never rests, and ends when this one is gone, however it ended.
LOOP = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): pass"

# Texts written at once, and the tokens of each.
TEXTS, TOKENS = 16, 60


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Calls; the median counts.")
def main(rounds: int) -> None:
    """Print the seconds of a step, and of sixteen texts: alone, and beside a program that never rests."""
    keep_freed_memory()
    dtype = pick_precision("auto", CPU)
    names = f"a step, not compiled, {dtype_name(dtype)}", f"{TEXTS} texts of {TOKENS} tokens, float32"
    works = _step(dtype), _texts()
    alone = [_seconds(work, rounds) for work in works]
    with busy_program():
        beside = [_seconds(work, rounds) for work in works]
    threads, spins = torch.get_num_threads(), os.environ.get("GOMP_SPINCOUNT", "not set")
    click.echo(f"{threads} threads, {os.cpu_count()} cores, GOMP_SPINCOUNT {spins} (GNU OpenMP alone reads it)")
    click.echo("| the default model | alone | beside | times |\n|---|---|---|---|")
    for name, first, second in zip(names, alone, beside, strict=True):
        click.echo(f"| {name} | {first:.3f} s | {second:.3f} s | {second / first:.1f} |")


def _step(dtype: torch.dtype) -> Callable[[], object]:
    """What takes a training step of the default model."""
    shape = DEFAULT.shape
    trainer = Trainer(make_model(shape), optimizer_settings(shape), dtype, world=World(device=CPU))
    generator = torch.Generator().manual_seed(0)
    size = (shape.batch_size, shape.sequence_len)
    inputs, targets = (torch.randint(shape.vocab_size, size, generator=generator) for _ in range(2))
    return lambda: trainer.step(inputs, targets, 1.0, 0)


def _texts() -> Callable[[], object]:
    """What writes some texts with the default model."""
    model = make_model(DEFAULT.shape).eval()
    return lambda: list(
        generate(model, [1, 2, 3], [SamplingParams(temperature=1.0, seed=1)] * TEXTS, TOKENS, torch.float32)
    )


def _seconds(work: Callable[[], object], rounds: int) -> float:
    return statistics.median(time_repeats(work, time.perf_counter, warmup=1, repeats=rounds))


@contextlib.contextmanager
def busy_program() -> Iterator["subprocess.Popen[bytes]"]:
    """Keep a core busy inside the `with` block, by a program in a session of its own, as one of another terminal."""
    command = [sys.executable, "-c", LOOP, str(os.getpid())]
    with subprocess.Popen(command, start_new_session=True) as program:
        try:
            yield program
        finally:
            program.kill()


if __name__ == "__main__":
    main()
