"""Teachers: models that are trained first, so that the model itself learns from their mean prediction too.

The next token of a text is one of many that could stand there. What several finished models expect tells a new model
more than the token alone, and keeps it from learning the text by heart (distillation: Hinton et al. 2015,
arXiv 1503.02531; from models of the same size: Furlanello et al. 2018, arXiv 1805.04770). docs/log.md has the figures.

Teachers differ from the model in their seed and their number of steps: a model without teachers learns a text by heart
if it reads the text often. They are trained one after the other. Each keeps its last snapshot, and their predictions
are kept, until the model itself is finished, so an interruption never costs one.
"""

import dataclasses
import shutil

import torch
from tokenizers import Tokenizer

from poet.device.device import pick_precision
from poet.model.transformer import Transformer
from poet.params.model import ModelSettings
from poet.params.sections import TrainSettings
from poet.progress import log
from poet.tokens.token_files import TRAIN, TokenData
from poet.tracking.tracker import Tracker
from poet.training.distributed import World
from poet.training.loop import fit, restore, save_snapshot
from poet.training.predictions import Predictions, open_predictions, write_predictions
from poet.training.run import TrainingRun, prepare_run
from poet.training.snapshots import Snapshots

# Seeds of teachers are this far apart, so that models of neighbouring seeds have no teacher in common.
SEED_STEP = 1_000_003

# The folder of their predictions, beside the snapshots of the model itself.
PREDICTIONS = "predictions"


def train_model(
    data: TokenData,
    tokenizer: Tokenizer,
    model: ModelSettings,
    settings: TrainSettings,
    *,
    world: World,
    snapshots: Snapshots,
    tracker: Tracker | None = None,
) -> TrainingRun:
    """Train `settings.teachers` models and then the model itself, each from its newest snapshot if there is one.

    Returns the finished training of the model itself. `tracker` records it; nothing of its teachers is recorded. Raises
    Interrupted after SIGINT or SIGTERM. (Collective.)
    """
    tracker = tracker or Tracker()
    predictions = None
    if settings.teachers:
        predictions = _predictions(data, tokenizer, model, settings, world, snapshots)
        if world.is_main:
            log("the model itself")
    run = prepare_run(
        data, tokenizer, model, settings, world=world, snapshots=snapshots, tracker=tracker, predictions=predictions
    )
    restore(run)
    tracker.start(snapshots.folder.name)
    fit(run)
    if predictions and world.local_rank == 0:
        shutil.rmtree(snapshots.folder / PREDICTIONS, ignore_errors=True)
    return run


def _predictions(
    data: TokenData,
    tokenizer: Tokenizer,
    model: ModelSettings,
    settings: TrainSettings,
    world: World,
    snapshots: Snapshots,
) -> Predictions:
    """What the teachers of a training expect in its text. They are trained unless their predictions are there."""
    folder = snapshots.folder / PREDICTIONS
    kept = open_predictions(folder, world)
    if kept is not None:
        return kept
    teachers = []
    for number in range(1, settings.teachers + 1):
        if world.is_main:
            log(f"teacher {number} of {settings.teachers}")
        seed = settings.seed + number * SEED_STEP
        recipe = dataclasses.replace(settings, seed=seed, steps=settings.teacher_steps)
        saved = dataclasses.replace(snapshots, folder=snapshots.folder / f"teacher-{number}")
        run = prepare_run(data, tokenizer, model, recipe, world=world, snapshots=saved, tracker=Tracker())
        restore(run)
        before = run.step
        fit(run)
        if run.step > before:
            save_snapshot(run)
        teachers.append(_finished(run))
    dtype = pick_precision(settings.precision, world.device)
    write_predictions(teachers, data.splits[TRAIN], folder, world=world, dtype=dtype)
    written = open_predictions(folder, world)
    assert written is not None, "what was written a moment ago"
    return written


def _finished(run: TrainingRun) -> Transformer:
    """The model of `run` with its best weights, on its device, without anything that training needs."""
    teacher = Transformer(run.model.config, run.model.vocab_size, torch.Generator())
    teacher.load_state_dict(run.best.weights)
    return teacher.to(run.device).eval().requires_grad_(False)
