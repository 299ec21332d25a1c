"""What a number of minutes buys on this machine: `python -m poet.benchmark.presets --help`.

Each training is the one of `train.minutes`, with everything that it picks, and ends with the figure of the stage
evaluate. What it picked for one seed, it keeps for the others, as their results are compared. `default` is the recipe
of params.yaml without minutes.
"""

import dataclasses
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import torch

from poet.device.device import keep_freed_memory
from poet.device.machine import machine_in_words
from poet.errors import DataError
from poet.metrics.bits import split_metrics
from poet.model.transformer import Transformer
from poet.params.file import load_params
from poet.params.sections import Params
from poet.progress import duration, log
from poet.project import project_root
from poet.results.model_folder import TOKENIZER
from poet.tokenizers.tokenizer import load_tokenizer
from poet.tokens.token_files import VALIDATION, open_tokens
from poet.training.budget import by_minutes
from poet.training.compile_cache import keep_compiled
from poet.training.distributed import join_world, leave_world
from poet.training.run import TrainingRun
from poet.training.snapshots import Snapshots
from poet.training.teachers import train_model

PATH = click.Path(path_type=Path)

# Stands for the steps and sizes of params.yaml in place of a number of minutes.
DEFAULT = "default"


@click.command(
    epilog="Example: python -m poet.benchmark.presets --tokens data/tokens/shakespeare --minutes default,10 --seeds 3"
)
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--tokens", type=PATH, required=True, help="The folder of tokens.")
@click.option("--minutes", "choices", default="default,10,30", show_default=True,
    help="Minutes, with commas between them; `default` is the recipe without minutes.",
)  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="Trainings of each.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
def main(params: Path, tokens: Path, choices: str, seeds: int, as_json: bool) -> None:
    """Train for each number of minutes, and print what was picked and the bits per character."""
    settings = load_params(params)
    keep_compiled(project_root())
    keep_freed_memory()
    rows = []
    for minutes in _minutes(choices):
        train = dataclasses.replace(settings.train, minutes=minutes)
        rows.append(measure(dataclasses.replace(settings, train=train), tokens, seeds))
        log(describe(rows[-1]))
    if as_json:
        click.echo(json.dumps({"machine": machine_in_words(), "torch": torch.__version__, "rows": rows}, indent=2))
        return
    click.echo(f"{machine_in_words()}, torch {torch.__version__}")
    for row in rows:
        click.echo(describe(row))


def _minutes(choices: str) -> list[float | None]:
    try:
        return [None if choice == DEFAULT else float(choice) for choice in choices.split(",")]
    except ValueError:
        raise click.UsageError(f"--minutes: {choices!r} is no list of numbers, such as {DEFAULT},10") from None


def measure(settings: Params, tokens: Path, seeds: int) -> dict[str, Any]:
    """What the minutes of `settings` pick, and what each of `seeds` trainings took and reached."""
    world = join_world(settings.train.device)
    data, tokenizer = open_tokens(tokens), load_tokenizer(tokens / TOKENIZER)
    with tempfile.TemporaryDirectory(prefix="poet-presets-") as folder:
        # How long the decision took belongs to the time of the first training.
        began = time.perf_counter()
        planned, picked = by_minutes(settings, tokens, Path(folder) / "budgets", (), world)
        bits, seconds = [], []
        for seed in range(settings.train.seed, settings.train.seed + seeds):
            recipe = dataclasses.replace(planned.train, seed=seed)
            saved = Snapshots(folder=Path(folder) / str(seed), interval=settings.runtime.snapshot_seconds)
            run = train_model(data, tokenizer, planned.model, recipe, world=world, snapshots=saved)
            seconds.append(round(time.perf_counter() - began, 1))
            bits.append(_bits(run, settings.evaluate.stride, tokens))
            del run  # `leave_world` needs the model gone
            began = time.perf_counter()
    leave_world(world)
    return {"minutes": settings.train.minutes, "picked": picked, "bits_per_character": bits, "seconds": seconds}


def _bits(run: TrainingRun, stride: float, tokens: Path) -> float:
    """The figure of the stage evaluate, of the best weights and in float32."""
    model = Transformer(run.model.config, run.model.vocab_size, generator=None)
    model.load_state_dict(run.best.weights)
    metrics = split_metrics(model.to(run.device).eval(), run.data, VALIDATION, stride=stride, dtype=torch.float32)
    if metrics is None:
        raise DataError(f"{tokens} has no validation text. Raise split.validation and tokenize again.")
    return round(metrics.bits_per_character, 4)


def describe(row: dict[str, Any]) -> str:
    """A row as a line: the median and, of several trainings, the range.

    >>> describe({"minutes": None, "picked": {}, "bits_per_character": [1.7], "seconds": [240.0]})
    'default: 1.7000 bits per character in 4 min'

    >>> picked = {"model.n_layer": 3, "model.n_embd": 192, "train.steps": 900}
    >>> describe({"minutes": 10.0, "picked": picked, "bits_per_character": [1.7, 1.5, 1.6], "seconds": [590.0] * 3})
    '10 minutes: 1.6000 bits per character (1.5000 to 1.7000) in 10 min; n_layer 3, n_embd 192, steps 900'
    """
    bits = row["bits_per_character"]
    span = f" ({min(bits):.4f} to {max(bits):.4f})" if len(bits) > 1 else ""
    picked = ", ".join(f"{key.partition('.')[2]} {value:g}" for key, value in row["picked"].items())
    took = duration(statistics.median(row["seconds"]))
    recipe = f"{row['minutes']:g} minutes" if row["minutes"] else DEFAULT
    words = f"{recipe}: {statistics.median(bits):.4f} bits per character{span} in {took}"
    return f"{words}; {picked}" if picked else words


if __name__ == "__main__":
    main()
