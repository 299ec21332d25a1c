"""What loss a training reaches in a number of seconds: `python -m poet.benchmark.speedrun --help`.

The text is one file. The first 90 % are trained on, the rest validates; losses are per character, whatever the tokens
are. The clock runs while the model trains; it stands still while the model compiles and while it is validated.
"""

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from poet.benchmark.models import OPTIMIZER
from poet.benchmark.noise import OtherWork
from poet.device.device import Stopwatch, keep_freed_memory, now, pick_device, pick_precision
from poet.files import read_text
from poet.metrics.bits import total_nats
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig, model_settings
from poet.params.sections import OptimizerSettings, TokenizeSettings
from poet.tokenizers.kinds import encode_long, train_tokenizer
from poet.tokens.batches import Batches
from poet.training.distributed import World
from poet.training.schedule import learning_rate_factor
from poet.training.step import Trainer, compile_blocks

# The split of nanoGPT's example on Shakespeare, and its seed, so that losses compare with it.
TRAINING_SHARE = 0.9
SEED = 1337

# One token per character. Of these values a char tokenizer uses none but the kind.
CHARACTERS = TokenizeSettings(kind="char", vocab_size=2, max_ngram=2, min_frequency=1, train_characters=1)

# Between two and three characters a token: the model reads so much more text in a step, and a text of 1 MB still has
# each token often enough to learn it. 2,048 tokens are as good for some seconds, and worse from ten on.
SHORT_TOKENS = dataclasses.replace(
    CHARACTERS, kind="bpe", vocab_size=1024, min_frequency=2, train_characters=20_000_000
)

# The schedule counts whole steps, but how many of them fit into the time is not known before the end. So it gets the
# time in this many parts instead: each is shorter than a step of any run of minutes.
PARTS = 10_000

# How many times the model is validated during the run, to find when it reached the target.
CHECKS = 40


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model, its tokens, and how it is trained."""

    model: ModelConfig
    tokenize: TokenizeSettings
    optimizer: OptimizerSettings
    # Windows in a batch.
    batch_size: int
    # Shares of the training time, not of the steps: how many steps fit into the time is not known before.
    warmup: float
    cooldown: float
    # Whether the blocks are compiled.
    compiled: bool


def classic(seconds: float) -> Recipe:
    """nanoGPT's recipe for a CPU (from its README), whatever the time: the baseline."""
    return Recipe(
        tokenize=CHARACTERS,
        model=model_settings("classic", n_layer=4, n_head=4, n_embd=128, sequence_len=64).config,
        optimizer=dataclasses.replace(OPTIMIZER, kind="adamw", learning_rate=0.001, weight_decay=0.1, clip_norm=1.0),
        batch_size=12,
        warmup=0.05,
        cooldown=0.9,
        compiled=True,
    )


def modern(seconds: float) -> Recipe:
    """Our recipe, found by the searches in docs/log.md."""
    # Loading what an earlier run has compiled takes 4 seconds.
    compiled = seconds > 8
    # The more time, the larger the model that pays off.
    if not compiled:
        sizes, matrix_learning_rate = {"n_layer": 1, "n_embd": 128, "sequence_len": 64}, 0.04
    elif seconds <= 30:
        sizes, matrix_learning_rate = {"n_layer": 2, "n_embd": 128, "sequence_len": 128}, 0.04
    elif seconds <= 60:
        sizes, matrix_learning_rate = {"n_layer": 3, "n_embd": 128, "sequence_len": 128}, 0.02
    else:
        sizes, matrix_learning_rate = {"n_layer": 3, "n_embd": 192, "sequence_len": 256}, 0.02
    # A long run reads a small text many times. Without dropout, the model would learn it by heart.
    dropout = 0.1 if seconds > 60 else 0.0
    return Recipe(
        tokenize=SHORT_TOKENS,
        model=model_settings("modern", n_head=2, dropout=dropout, **sizes).config,
        optimizer=dataclasses.replace(
            OPTIMIZER,
            matrix_learning_rate=matrix_learning_rate,
            embedding_learning_rate=0.1,
            head_learning_rate=0.01,
            momentum=0.9,
        ),
        batch_size=16,
        warmup=0.02,
        cooldown=0.6,
        compiled=compiled,
    )


RECIPES: dict[str, Callable[[float], Recipe]] = {"classic": classic, "modern": modern}


@click.command(
    epilog="Example: python -m poet.benchmark.speedrun --text input.txt --preset modern --seconds 60 --target 1.886"
)
@click.option("--text", type=click.Path(path_type=Path), required=True)
@click.option("--preset", type=click.Choice(list(RECIPES)), required=True)
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), required=True, help="Training time.")
@click.option("--target", type=float, default=0.0, help="Validation loss whose time is wanted, in nats per character.")
@click.option("--seed", type=click.IntRange(min=0), default=SEED, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(text: Path, preset: str, seconds: float, target: float, seed: int, as_json: bool) -> None:
    """Train on a text for some seconds, and print the validation loss in nats per character."""
    keep_freed_memory()
    result = dataclasses.asdict(speedrun(read_text(text), RECIPES[preset](seconds), seconds, target, seed))
    if as_json:
        click.echo(json.dumps(result))
    else:
        click.echo(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.items()))


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a speedrun reached. All times are in seconds."""

    # The loss at the end, over all validation characters, in nats per character.
    loss: float
    # The training time: a little more than was asked for, because the last step is completed.
    seconds: float
    # The training time at the first check whose loss was at most the target; None if there was none, or no target.
    reached_at: float | None
    # Neither compilation nor the tokenizer, which is trained and encodes the text, is part of the training time.
    compile_seconds: float
    tokenizer_seconds: float
    steps: int
    tokens: int
    # The processors that other work took meanwhile: a run beside much of it takes fewer steps. None: not told.
    other_cores: float | None


@dataclass(frozen=True, kw_only=True)
class _Validation:
    """The text that validates: its token ids (n,), and its number of characters."""

    ids: NDArray[Any]
    characters: int

    def loss(self, trainer: Trainer) -> float:
        """The loss of the model in nats per character."""
        return total_nats(trainer.model, self.ids, stride=1.0, dtype=trainer.dtype) / self.characters


def speedrun(text: str, recipe: Recipe, seconds: float, target: float, seed: int = SEED) -> Result:
    """Train on `text` for `seconds`; `target` is the loss whose time is wanted, 0 for none."""
    # The tokenizer knows the training text only, as it would in the pipeline.
    cut = int(len(text) * TRAINING_SHARE)
    tokenizer_start = time.perf_counter()
    tokenizer = train_tokenizer([text[:cut]], recipe.tokenize)
    training, validation_ids = (encode_long(tokenizer, recipe.tokenize.kind, part) for part in (text[:cut], text[cut:]))
    tokenizer_seconds = time.perf_counter() - tokenizer_start
    validation = _Validation(ids=validation_ids, characters=len(text) - cut)
    trainer = _make_trainer(recipe, tokenizer, seed)
    batches = Batches(training, sequence_len=recipe.model.sequence_len, batch_size=recipe.batch_size, seed=seed)

    # The first call compiles, so it is made before the clock starts.
    compile_start = now(trainer.world.device)
    if recipe.compiled:
        compile_blocks(trainer, *(part.to(trainer.world.device) for part in batches[0]))
    compile_seconds = now(trainer.world.device) - compile_start

    step, checks, reached_at = 0, 0, None
    stopwatch, other_work = Stopwatch(trainer.world.device), OtherWork()
    while (elapsed := stopwatch.seconds()) < seconds:
        _take_step(trainer, batches, recipe, step, elapsed / seconds)
        step += 1
        # Look at the loss CHECKS times, evenly over the run, until it reaches the target.
        is_searching = target and reached_at is None
        if is_searching and stopwatch.seconds() * CHECKS > (checks + 1) * seconds:
            checks += 1
            with stopwatch.paused():
                loss = validation.loss(trainer)
            if loss <= target:
                reached_at = stopwatch.seconds()

    # The time is up. The last look at the loss counts for the target too.
    trained_seconds, other_cores = stopwatch.seconds(), other_work.cores()
    loss = validation.loss(trainer)
    if target and reached_at is None and loss <= target:
        reached_at = trained_seconds
    return Result(
        loss=loss,
        seconds=trained_seconds,
        reached_at=reached_at,
        compile_seconds=compile_seconds,
        tokenizer_seconds=tokenizer_seconds,
        steps=step,
        tokens=step * recipe.batch_size * recipe.model.sequence_len,
        other_cores=other_cores,
    )


def _make_trainer(recipe: Recipe, tokenizer: Tokenizer, seed: int) -> Trainer:
    """A new model on the best device of this machine, with its optimizers."""
    device = pick_device("auto")
    model = Transformer(recipe.model, tokenizer.get_vocab_size(), torch.Generator().manual_seed(seed)).to(device)
    return Trainer(model, recipe.optimizer, pick_precision("auto", device), world=World(device=device))


def _take_step(trainer: Trainer, batches: Batches, recipe: Recipe, step: int, share: float) -> None:
    """Train on batch number `step`, after the given `share` of the time (from 0, less than 1) has passed."""
    inputs, targets = (part.to(trainer.world.device) for part in batches[step])
    trainer.step(inputs, targets, schedule_factor(recipe, share), step)


def schedule_factor(recipe: Recipe, share: float) -> float:
    """The factor on all learning rates when the given `share` of the time has passed.

    >>> [schedule_factor(modern(3.5), share) for share in (0.0, 0.01, 0.02, 0.4, 0.7, 0.97)]
    [0.005, 0.505, 1.0, 1.0, 0.5, 0.05]
    """
    return learning_rate_factor(int(share * PARTS), PARTS, int(recipe.warmup * PARTS), recipe.cooldown)


if __name__ == "__main__":
    main()
