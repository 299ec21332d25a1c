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
@click.option("--programs", type=click.IntRange(1), default=1, show_default=True, help="Other programs, one core each.")
def main(rounds: int, programs: int) -> None:
    """Print the seconds of a step, and of sixteen texts: alone, and beside programs that never rest."""
    keep_freed_memory()
    dtype = pick_precision("auto", CPU)
    names = f"a step, not compiled, {dtype_name(dtype)}", f"{TEXTS} texts of {TOKENS} tokens, float32"
    works = _step(dtype), _texts()
    alone = [_seconds(work, rounds) for work in works]
    with busy(programs):
        beside = [_seconds(work, rounds) for work in works]
    threads, spins = torch.get_num_threads(), os.environ.get("GOMP_SPINCOUNT", "not set")
    click.echo(f"{threads} threads, {os.cpu_count()} cores, GOMP_SPINCOUNT {spins} (GNU OpenMP alone reads it)")
    click.echo(f"| the default model | alone | beside {programs} | times |\n|---|---|---|---|")
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
def busy(programs: int) -> Iterator[None]:
    """Keep as many cores busy inside the `with` block, each by a program of its own session, as of another terminal."""
    loops: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(programs):
            loops.append(subprocess.Popen([sys.executable, "-c", LOOP, str(os.getpid())], start_new_session=True))
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    main()
