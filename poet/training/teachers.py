"""Teachers: models that are trained first, so that the model itself learns from their mean prediction too.

The next token of a text is one of many that could stand there. What several finished models expect tells a new model
more than the token alone, and keeps it from learning the text by heart (distillation: Hinton et al. 2015,
arXiv 1503.02531; from models of the same size: Furlanello et al. 2018, arXiv 1805.04770). docs/log.md has the figures.

Teachers differ from the model in their seed, their size and their steps: a model without teachers learns a text by
heart if it reads the text often. They are trained one after the other, and each keeps its last snapshot until the model
itself is finished, so an interruption never costs one.

In each step, a teacher sees the same windows as the model. What it expects there could be computed once for the whole
text and looked up, in half of the time; but a model learns less from predictions for other windows than its own
(Beyer et al. 2022, arXiv 2106.05237; measured in docs/log.md).
"""

import dataclasses

from tokenizers import Tokenizer

from poet.model.transformer import Transformer
from poet.params.decided import teacher_model
from poet.params.model import ModelSettings
from poet.params.sections import TrainSettings
from poet.progress import log
from poet.tokens.token_files import TokenData
from poet.tracking.tracker import Tracker
from poet.training.distributed import World
from poet.training.loop import fit, restore, save_snapshot
from poet.training.run import TrainingRun, prepare_run
from poet.training.snapshots import Snapshots

# Seeds of teachers are this far apart, so that models of neighbouring seeds have no teacher in common.
SEED_STEP = 1_000_003


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
    teachers, of_teacher = [], teacher_model(model, settings) if settings.teachers else model
    for number in range(1, settings.teachers + 1):
        if world.is_main:
            log(f"teacher {number} of {settings.teachers}")
        seed = settings.seed + number * SEED_STEP
        recipe = dataclasses.replace(settings, seed=seed, steps=settings.teacher_steps)
        saved = dataclasses.replace(snapshots, folder=snapshots.folder / f"teacher-{number}")
        run = prepare_run(data, tokenizer, of_teacher, recipe, world=world, snapshots=saved, tracker=Tracker())
        restore(run)
        before = run.step
        fit(run)
        if run.step > before:
            save_snapshot(run)
        teachers.append(_finished(run))
    if teachers and world.is_main:
        log("the model itself")
    tracker = tracker or Tracker()
    run = prepare_run(
        data, tokenizer, model, settings, world=world, snapshots=snapshots, tracker=tracker, teachers=teachers
    )
    restore(run)
    tracker.start(snapshots.folder.name)
    fit(run)
    return run


def _finished(run: TrainingRun) -> Transformer:
    """The model of `run` with its best weights, on its device, without anything that training needs."""
    teacher = Transformer(run.model.config, run.model.vocab_size, generator=None)
    teacher.load_state_dict(run.best.weights)
    return teacher.to(run.device).eval().requires_grad_(False)
