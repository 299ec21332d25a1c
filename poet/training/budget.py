"""Picks size, steps, teachers and dropout for a training of a given number of minutes.

`train.minutes` names the time; this page names the rest. More time pays for a larger model as well as for more steps
(Hoffmann et al. 2022, arXiv 2203.15556), and a text that is read many times needs dropout, where the first two or three
passes over it need none (Muennighoff et al. 2023, arXiv 2305.16264). docs/log.md has the trainings behind the table.

How fast a machine is differs from hour to hour. So the steps are counted once, and what was counted is kept: the same
parameters give the same model on the same machine, and a training that was interrupted goes on as it began.
"""

import dataclasses
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydantic
from tokenizers import Tokenizer

from poet.device.device import now, pick_precision
from poet.errors import ConfigError, DataError
from poet.files import read_json_as, write_json
from poet.model.size import flops_per_token
from poet.params.model import ModelConfig, ModelSettings, resized
from poet.params.sections import Params, TrainSettings
from poet.progress import duration, log
from poet.results.model_folder import TOKENIZER
from poet.tokenizers.tokenizer import load_tokenizer
from poet.tokens.token_files import TRAIN, TokenData, open_tokens
from poet.tracking.tracker import Tracker
from poet.training.distributed import World, broadcast
from poet.training.length import Length, measure_length
from poet.training.run import compile_model, prepare_run, training_key
from poet.training.schedule import steps_in_all
from poet.training.snapshots import Snapshots
from poet.training.start import read_start
from poet.training.yardstick import measure_yardstick

# The name of the state folder that keeps what was decided, one file for each training.
FOLDER = "budgets"


@dataclass(frozen=True, kw_only=True)
class Size:
    """A size of model, and the FLOPs from which a training of that size ends better than one of the size before."""

    flops: float
    n_layer: int
    n_head: int
    n_embd: int


# The smallest first. The default training, 3 layers of 192 for 960 steps, has 4.4e13 FLOPs; at 1.2e14 that size still
# ends before 4 layers of 256. The two largest were not measured: they continue the row.
SIZES = (
    Size(flops=0.0, n_layer=3, n_head=2, n_embd=128),
    Size(flops=2e13, n_layer=3, n_head=2, n_embd=192),
    Size(flops=1.8e14, n_layer=4, n_head=2, n_embd=256),
    Size(flops=5e14, n_layer=5, n_head=3, n_embd=336),
    Size(flops=2e15, n_layer=6, n_head=4, n_embd=448),
)

# Pairs of the epochs for which the time is enough in all, and the number of teachers from there on. One was measured at
# 6 epochs and two at 9 (docs/log.md); the limits between them are guesses.
TEACHERS = ((0.0, 0), (5.0, 1), (8.0, 2))

# The epochs of a teacher. Without dropout and a teacher of its own, it would learn the text by heart from here on. In a
# text of a megabyte they are half of these steps, too few to learn much. So a teacher has the steps, but at most so
# many epochs (a guess), and at most this share of the time.
TEACHER_EPOCHS, TEACHER_STEPS, MAX_TEACHER_EPOCHS, MAX_TEACHER_SHARE = 2.5, 500, 6.0, 0.25

# Pairs of epochs and the dropout from there on, for a model without teachers. Dropout of 0.1 costs 0.05 bits per
# character after one epoch and gains 0.03 after seven; 0.2 was not measured.
DROPOUT = ((0.0, 0.0), (3.0, 0.1), (10.0, 0.2))

# A training ends after this many epochs, also if time is left: a small text would only be learned by heart. A guess.
MAX_EPOCHS = 20.0

# The same for a training that starts from another model: two books were read often enough after one epoch. With five
# validations, one of them comes then, and the best weights are kept (docs/log.md).
MAX_EPOCHS_FROM_MODEL = 5.0

# The share of the rate of a large matrix product that a training reaches, by kind of device. It decides the size alone:
# steps are counted by a measured one.
UTILIZATION = {"cpu": 0.45, "cuda": 0.2, "mps": 0.2}

# A step of a whole training over the fastest of the two that are timed before it: 613 s were planned as 545.
PACE = 1.12

# Validations of a training, evenly over its steps.
VALIDATIONS = 5


def size_for(flops: float) -> Size:
    """The size of model that pays off most in a training of `flops` FLOPs.

    >>> size_for(4.4e13).n_embd
    192
    """
    return next(size for size in reversed(SIZES) if size.flops <= flops)


def teachers_for(epochs: float) -> int:
    """The number of teachers where the time is enough for `epochs` in all.

    >>> teachers_for(2.5), teachers_for(6.3)
    (0, 1)
    """
    return next(count for least, count in reversed(TEACHERS) if least <= epochs)


def dropout_for(epochs: float) -> float:
    """The dropout of a training that reads its text `epochs` times.

    >>> [dropout_for(epochs) for epochs in (0.5, 5, 30)]
    [0.0, 0.1, 0.2]
    """
    return next(dropout for least, dropout in reversed(DROPOUT) if least <= epochs)


def teacher_epochs(epoch: float, epochs: float) -> float:
    """The epochs of a teacher where an epoch takes `epoch` steps, and the time is enough for `epochs` in all.

    >>> [teacher_epochs(epoch, 30) for epoch in (20, 100, 400)], teacher_epochs(100, 12)
    ([6.0, 5.0, 2.5], 3.0)
    """
    return max(TEACHER_EPOCHS, min(MAX_TEACHER_EPOCHS, TEACHER_STEPS / epoch, MAX_TEACHER_SHARE * epochs))


def teacher_size_for(model: ModelSettings, largest: Size, vocab_size: int, tokens: float) -> Size:
    """The largest size, at most `largest`, that pays off in a training on `tokens` tokens."""
    return next(
        size
        for size in reversed(SIZES)
        if size.flops <= min(largest.flops, tokens * _flops_per_token(model, _dimensions(size), vocab_size))
    )


def _flops_per_token(model: ModelSettings, dimensions: tuple[int, int, int], vocab_size: int) -> int:
    n_layer, n_head, n_embd = dimensions
    # A yoke may be in a layer that this size does not have; it changes little.
    sized = dataclasses.replace(model.config, n_layer=n_layer, n_head=n_head, n_embd=n_embd, yoke=None)
    return flops_per_token(sized, vocab_size)


# What is picked of the section `train`; all else belongs to the section `model`.
OF_TEACHERS = ("teachers", "teacher_layers", "teacher_heads", "teacher_width", "teacher_steps")
TRAIN_KEYS = (*OF_TEACHERS, "steps", "validate_every")


@dataclass(frozen=True, kw_only=True)
class Picked:
    """What a number of minutes decides, by the names of params.yaml."""

    n_layer: int
    n_head: int
    n_embd: int
    dropout: float
    teachers: int
    teacher_layers: int
    teacher_heads: int
    teacher_width: int
    teacher_steps: int
    steps: int
    validate_every: int

    def by_key(self) -> dict[str, float]:
        """The same by dotted key: {"model.n_layer": 4, ...}."""
        sections = {key: "train" if key in TRAIN_KEYS else "model" for key in vars(self)}
        return {f"{section}.{key}": getattr(self, key) for key, section in sections.items()}


def _dimensions(size: Size | ModelConfig | Picked) -> tuple[int, int, int]:
    return size.n_layer, size.n_head, size.n_embd


def by_minutes(
    settings: Params, tokens: Path, folder: Path, code: Sequence[str], world: World
) -> tuple[Params, dict[str, float]]:
    """`settings` with what `train.minutes` decides for the folder `tokens`, and that by key (collective).

    Without minutes, `settings` as they are, and nothing. What was decided before is kept in `folder`, by all that
    determines the result of a training, the files of `code` among them.
    """
    if settings.train.minutes is None:
        return settings, {}
    data = open_tokens(tokens)
    keep = folder / f"{training_key(data, settings.model, settings.train, world, code)}.json"
    # Rank 0 alone reads and writes the file, so that all processes decide alike.
    picked: Picked | None = broadcast(world, _kept(keep) if world.is_main else None)
    if picked is None:
        picked = _pick(data, load_tokenizer(tokens / TOKENIZER), settings.model, settings.train, world)
        if world.is_main:
            write_json(keep, dataclasses.asdict(picked))
    model, recipe = with_picked(settings.model, settings.train, picked)
    return dataclasses.replace(settings, model=model, train=recipe), picked.by_key()


def _pick(data: TokenData, tokenizer: Tokenizer, model: ModelSettings, settings: TrainSettings, world: World) -> Picked:
    """The size for the time, and the steps of a model of that size, which is made, timed and thrown away."""
    rate = measure_yardstick(world, pick_precision(settings.precision, world.device)).flops_per_second
    guess = _guess(data, model, settings, rate * UTILIZATION[world.device.type])
    began = now(world.device)
    length = _measure(data, tokenizer, *with_picked(model, settings, guess), world)
    # The model is made and compiled once more; the second time, compiling takes a fraction.
    spent = now(world.device) - began
    picked: Picked = broadcast(world, _count(guess, data, model, settings, length, spent))
    if world.is_main:
        log(
            f"train.minutes: {settings.minutes:g} picks {picked.n_layer} x {picked.n_embd} (layers x width), dropout "
            f"{picked.dropout:g}, teachers {picked.teachers}, {picked.steps:,} steps of {duration(length.step_seconds)}"
        )
    return picked


def with_picked(model: ModelSettings, settings: TrainSettings, picked: Picked) -> tuple[ModelSettings, TrainSettings]:
    """`model` and `settings` with what was picked in its place, and no minutes: from here on, the steps count.

    ConfigError when the picked size does not fit what else `model` says.
    """
    try:
        sized = resized(model, n_layer=picked.n_layer, n_head=picked.n_head, n_embd=picked.n_embd)
        sized = dataclasses.replace(sized, dropout=picked.dropout)
    except pydantic.ValidationError as error:
        raise ConfigError(
            f"train.minutes: {settings.minutes:g} picks {picked.n_layer} x {picked.n_embd} (layers x width) with "
            f"{picked.n_head} heads, which does not fit the section model: {error.errors()[0]['msg']}. Set that key to "
            "null, or set train.minutes to null and choose the size yourself."
        ) from None
    of_training = {key: getattr(picked, key) for key in TRAIN_KEYS}
    return sized, dataclasses.replace(settings, **of_training, minutes=None)


def _kept(path: Path) -> Picked | None:
    """What `path` holds; None where there is none, or a damaged one: it is decided anew."""
    try:
        return read_json_as(path, Picked)
    except DataError:
        return None


def _guess(data: TokenData, model: ModelSettings, settings: TrainSettings, flops_per_second: float) -> Picked:
    """The size for the time, or that of the model that it starts from, with the steps that it would take at
    `flops_per_second`.
    """
    assert settings.minutes is not None
    flops = 60 * settings.minutes * flops_per_second
    start = read_start(model, settings)
    size, tokens = size_for(flops), len(data.splits[TRAIN])
    # Weights have the size that they have; a model that starts from another one has no teachers.
    own = _dimensions(start.model if start else size)
    steps = flops / _flops_per_token(model, own, data.vocab_size) / _tokens_per_step(model, settings)
    epoch = tokens / _tokens_per_step(model, settings)
    teacher = teacher_size_for(model, size, data.vocab_size, teacher_epochs(epoch, steps / epoch) * tokens)
    guess = Picked(
        n_layer=own[0],
        n_head=own[1],
        n_embd=own[2],
        dropout=0.0,
        teachers=0,
        teacher_layers=teacher.n_layer,
        teacher_heads=teacher.n_head,
        teacher_width=teacher.n_embd,
        teacher_steps=settings.teacher_steps,
        steps=1,
        validate_every=1,
    )
    return _share(guess, steps, data, model, settings)


def _share(picked: Picked, steps: float, data: TokenData, model: ModelSettings, settings: TrainSettings) -> Picked:
    """`picked` with the time of `steps` steps shared by the model and its teachers, and the dropout that this needs."""
    epoch = len(data.splits[TRAIN]) / _tokens_per_step(model, settings)
    # A model that starts from another one has learned from it already.
    alone = settings.start is not None or (model.yoke is not None and model.yoke.state)
    teachers = 0 if alone else teachers_for(steps / epoch)
    teacher_steps = max(1, round(teacher_epochs(epoch, steps / epoch) * epoch)) if teachers else settings.teacher_steps
    most = epoch * (MAX_EPOCHS_FROM_MODEL if settings.start else MAX_EPOCHS)
    of_teacher = picked.teacher_layers, picked.teacher_heads, picked.teacher_width
    size, of_model = (_flops_per_token(model, one, data.vocab_size) for one in (of_teacher, _dimensions(picked)))
    # What the teachers leave, in steps that are longer with them.
    share = size / of_model
    left = (steps - steps_in_all(0, teachers, teacher_steps, share)) / steps_in_all(1, teachers, 0, share)
    taken = max(VALIDATIONS, round(min(left, most)))
    return dataclasses.replace(
        picked,
        dropout=0.0 if teachers else dropout_for(taken / epoch),
        teachers=teachers,
        teacher_steps=teacher_steps,
        steps=taken,
        validate_every=-(-taken // VALIDATIONS),
    )


def _tokens_per_step(model: ModelSettings, settings: TrainSettings) -> int:
    return settings.batch_size * settings.state_windows * model.sequence_len


def _measure(
    data: TokenData, tokenizer: Tokenizer, model: ModelSettings, settings: TrainSettings, world: World
) -> Length:
    """How long a step and a validation take, by a model that is made and compiled for it alone (collective)."""
    with tempfile.TemporaryDirectory(prefix="poet-budget-") as folder:
        nowhere = Snapshots(folder=Path(folder), interval=math.inf)
        run = prepare_run(data, tokenizer, model, settings, world=world, snapshots=nowhere, tracker=Tracker())
        compile_model(run)
        return measure_length(run)


def _count(
    guess: Picked, data: TokenData, model: ModelSettings, settings: TrainSettings, length: Length, spent: float
) -> Picked:
    """The steps that fit into the time, after what was `spent` already, in seconds, and with the validations."""
    assert settings.minutes is not None
    # A teacher takes fewer steps than the model, so one or two of the model's validations fall into its training.
    validations = VALIDATIONS + 2 * guess.teachers
    seconds = max(0.0, 60 * settings.minutes - spent - validations * length.validation_seconds)
    return _share(guess, seconds / (PACE * length.step_seconds), data, model, settings)
