"""The figures of a finished experiment, read from what git and DVC keep of it. MLflow is not asked."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from poet.costs import Cost
from poet.errors import DataError, PoetError
from poet.experiments.grid import Trial
from poet.experiments.outcome import Figures
from poet.files import read_json_as
from poet.model.description import read_description
from poet.model.size import flops_per_token
from poet.params.file import load_params
from poet.results.evaluation import read_evaluation, read_training
from poet.results.model_folder import CONFIG
from poet.training.schedule import steps_in_all


def read_figures(repo: Any, commit: str, trial: Trial, reports: Path, models: Path) -> dict[str, Figures]:
    """The figures of the experiment `commit` of `trial` in DVC's `repo`, by collection.

    `reports` and `models` are folders of the pipeline. DataError if the experiment has other settings than the trial,
    did not get as far as the evaluation, or its results are no longer here.
    """
    with repo.switch(commit), tempfile.TemporaryDirectory(prefix="poet-sweep-") as temporary:
        there = Path(temporary)
        if load_params(_fetch(repo, Path("params.yaml"), there, trial)) != trial.params:
            raise DataError(
                f"there is an experiment called {trial.name} with other settings. Rename it (`dvc exp rename "
                f"{trial.name} NAME`), or remove it (`dvc exp remove {trial.name}`), and run the sweep again."
            )
        _check_completeness(repo, trial)
        return {name: _figures(repo, trial, name, reports, models, there) for name in trial.params.build}


def _figures(repo: Any, trial: Trial, collection: str, reports: Path, models: Path, there: Path) -> Figures:
    """The figures of one collection."""
    folder, model = reports / collection, models / collection
    evaluation = read_evaluation(_fetch(repo, folder / "evaluation.json", there, trial))
    training = read_training(_fetch(repo, folder / "train.json", there, trial))
    cost = read_json_as(_fetch(repo, folder / "costs" / "train.json", there, trial), Cost)
    description = read_description(_fetch(repo, model / CONFIG, there, trial).parent)
    # What a training by minutes picked is in train.json and config.json, not in params.yaml.
    train = trial.params.train
    teachers = int(training.picked.get("train.teachers", train.teachers))
    teacher_steps = int(training.picked.get("train.teacher_steps", train.teacher_steps))
    n_layer, n_head, n_embd = (
        int(training.picked.get(f"train.{key}", getattr(train, key)))
        for key in ("teacher_layers", "teacher_heads", "teacher_width")
    )
    config, vocab_size = description.model, description.vocab_size
    # Without teachers, their size need not fit the model.
    teacher = dataclasses.replace(config, n_layer=n_layer, n_head=n_head, n_embd=n_embd) if teachers else config
    share = flops_per_token(teacher, vocab_size) / flops_per_token(config, vocab_size)
    # A training counts its own tokens alone.
    tokens = training.tokens * steps_in_all(training.steps, teachers, teacher_steps, share) / training.steps
    return Figures(
        bits_per_character=evaluation.bits_per_character,
        characters=evaluation.characters,
        parameters=training.parameters,
        flops=flops_per_token(description.model, description.vocab_size) * tokens,
        seconds=cost.wall_seconds,
        model_sha256=description.weights_sha256,
    )


def _fetch(repo: Any, path: Path, there: Path, trial: Trial) -> Path:
    """A copy of the file `path` of the experiment in the folder `there`."""
    copy = there / path
    copy.parent.mkdir(parents=True, exist_ok=True)
    with _missing_as_data_error(path, trial):
        repo.dvcfs.get_file(path.as_posix(), str(copy))
    return copy


@contextlib.contextmanager
def _missing_as_data_error(path: Path, trial: Trial) -> Iterator[None]:
    from dvc.exceptions import DvcException

    try:
        yield
    except PoetError:
        raise
    except (OSError, DvcException) as error:
        raise DataError(
            f"of the experiment {trial.name}, {path} is not here ({error}). Fetch it (`dvc pull` after `dvc exp apply "
            f"{trial.name}`), or remove the experiment (`dvc exp remove {trial.name}`) and run the sweep again."
        ) from None


def _check_completeness(repo: Any, trial: Trial) -> None:
    """DataError unless each stage up to the evaluation ran with the settings of the experiment.

    An experiment keeps a whole dvc.lock. What it did not build is that of the commit where it began.
    """
    makers = {out.def_path: stage for stage in repo.index.stages for out in stage.outs}
    last = {f"evaluate@{name}" for name in trial.params.build}
    waiting, seen = [stage for stage in repo.index.stages if getattr(stage, "name", "") in last], set[str]()
    while waiting:
        stage = waiting.pop()
        if stage.addressing in seen:
            continue
        seen.add(stage.addressing)
        for dep in stage.deps:
            maker = makers.get(dep.def_path)
            made = {out.def_path: out.hash_info for out in maker.outs}.get(dep.def_path) if maker else dep.hash_info
            is_param = type(dep).__name__ == "ParamsDependency"
            if (is_param and dep.status()) or (not is_param and (not dep.hash_info or dep.hash_info != made)):
                raise DataError(
                    f"the experiment {trial.name} did not build {stage.name} with its settings. Remove it (`dvc exp "
                    f"remove {trial.name}`) and run the sweep again."
                )
            waiting += [maker] if maker else []
