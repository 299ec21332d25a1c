"""How far a training gets in so many seconds: `python -m poet.benchmark.speedrun --help`.

One text file, one token per character, the first 90 % to train on and the rest to validate. The clock runs while the
model trains: not while it compiles, and not while it validates.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from poet.device.device import keep_freed_memory, now, pick_device, pick_precision
from poet.files import read_text
from poet.metrics.bits import total_nats
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig, model_settings
from poet.params.sections import OptimizerSettings, TokenizeSettings
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import encode
from poet.tokens.batches import Batches
from poet.training.distributed import World
from poet.training.schedule import learning_rate_factor
from poet.training.step import Engine, compile_blocks

TRAINING_SHARE = 0.9
SEED = 1337
CHARACTERS = TokenizeSettings(kind="char", vocab_size=2, max_ngram=2, min_frequency=1, train_characters=1)

# Validations while the clock stands still, to find when the target was reached.
CHECKS = 40


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model and how it is trained; `warmup` and `cooldown` are shares of the time."""

    model: ModelConfig
    optimizer: OptimizerSettings
    batch_size: int
    warmup: float
    cooldown: float


def classic(seconds: float) -> Recipe:
    """nanoGPT's recipe for a CPU (its README): what the others are measured against."""
    return Recipe(
        model=model_settings("classic", n_layer=4, n_head=4, n_embd=128, sequence_len=64).config,
        optimizer=OptimizerSettings(
            kind="adamw",
            matrix_learning_rate=0.001,
            embedding_learning_rate=0.001,
            head_learning_rate=0.001,
            learning_rate=0.001,
            weight_decay=0.1,
            momentum=0.9,
            clip_norm=1.0,
        ),
        batch_size=12,
        warmup=0.05,
        cooldown=0.9,
    )


def modern(seconds: float) -> Recipe:
    """Our recipe: the more time, the larger the model and the batch (docs/log.md)."""
    if seconds <= 10:
        sizes, batch_size, matrix_learning_rate = {"n_layer": 2, "n_embd": 128, "sequence_len": 128}, 8, 0.04
    elif seconds <= 60:
        sizes, batch_size, matrix_learning_rate = {"n_layer": 3, "n_embd": 128, "sequence_len": 128}, 16, 0.02
    else:
        sizes, batch_size, matrix_learning_rate = {"n_layer": 4, "n_embd": 192, "sequence_len": 256}, 16, 0.02
    # Many passes over one small text: without dropout the model learns the text by heart.
    dropout = 0.1 if seconds > 300 else 0.0
    return Recipe(
        model=model_settings("modern", n_head=2, dropout=dropout, **sizes).config,
        optimizer=OptimizerSettings(
            kind="muon",
            matrix_learning_rate=matrix_learning_rate,
            embedding_learning_rate=0.1,
            head_learning_rate=0.01,
            learning_rate=0.001,
            weight_decay=0.0,
            momentum=0.9,
            clip_norm=0.0,
        ),
        batch_size=batch_size,
        warmup=0.02,
        cooldown=0.6,
    )


RECIPES: dict[str, Callable[[float], Recipe]] = {"classic": classic, "modern": modern}


@click.command(
    epilog="Example: python -m poet.benchmark.speedrun --text input.txt --preset modern --seconds 60 --target 1.886"
)
@click.option("--text", type=click.Path(path_type=Path), required=True)
@click.option("--preset", type=click.Choice(list(RECIPES)), required=True)
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), required=True, help="Training time.")
@click.option("--target", type=float, default=0.0, help="Validation loss whose time is wanted, in nats per character.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(text: Path, preset: str, seconds: float, target: float, as_json: bool) -> None:
    """Train on a text for some seconds, and print the validation loss in nats per character."""
    keep_freed_memory()
    result = speedrun(read_text(text), RECIPES[preset](seconds), seconds, target)
    if as_json:
        click.echo(json.dumps(result))
    else:
        click.echo(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.items()))


def speedrun(text: str, recipe: Recipe, seconds: float, target: float) -> dict[str, Any]:
    """Train for `seconds`; `loss` is that of all validation characters, `reached_at` the training time at which it was
    first at most `target`.
    """
    cut = int(len(text) * TRAINING_SHARE)
    tokenizer = train_tokenizer([text[:cut]], CHARACTERS)
    training, validation = (encode(tokenizer, part) for part in (text[:cut], text[cut:]))
    device = pick_device("auto")
    dtype = pick_precision("auto", device)
    engine = _engine(recipe, tokenizer, device, dtype)
    batches = Batches(training, sequence_len=recipe.model.sequence_len, batch_size=recipe.batch_size, seed=SEED)
    start = now(device)
    compile_blocks(engine, *(part.to(device) for part in batches[0]))
    compile_seconds = now(device) - start
    clock = _Clock(device)
    step, checks, loss, reached_at = 0, 0, float("nan"), None
    while clock.seconds() < seconds:
        share = clock.seconds() / seconds
        factor = learning_rate_factor(share, 1.0, recipe.warmup, recipe.cooldown)
        inputs, targets = (part.to(device) for part in batches[step])
        engine.step(inputs, targets, factor, step)
        step += 1
        if target and reached_at is None and clock.seconds() * CHECKS > (checks + 1) * seconds:
            checks += 1
            with clock.stopped():
                loss = _loss(engine, validation, len(text) - cut)
            reached_at = clock.seconds() if loss <= target else None
    trained = clock.seconds()
    loss = _loss(engine, validation, len(text) - cut)
    return {
        "loss": loss,
        "seconds": trained,
        "reached_at": trained if reached_at is None and target and loss <= target else reached_at,
        "compile_seconds": compile_seconds,
        "steps": step,
        "tokens": step * recipe.batch_size * recipe.model.sequence_len,
    }


def _engine(recipe: Recipe, tokenizer: Tokenizer, device: torch.device, dtype: torch.dtype) -> Engine:
    generator = torch.Generator().manual_seed(SEED)
    model = Transformer(recipe.model, tokenizer.get_vocab_size(), generator).to(device)
    return Engine(model, recipe.optimizer, dtype, world=World(device=device))


def _loss(engine: Engine, ids: NDArray[np.uint32], characters: int) -> float:
    return total_nats(engine.model, ids, stride=1.0, dtype=engine.dtype) / characters


class _Clock:
    """Seconds of training."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.start = device, now(device)

    def seconds(self) -> float:
        return now(self.device) - self.start

    def stopped(self) -> "_Clock":
        return self

    def __enter__(self) -> None:
        self.stopped_at = now(self.device)

    def __exit__(self, *error: object) -> None:
        self.start += now(self.device) - self.stopped_at


if __name__ == "__main__":
    main()
