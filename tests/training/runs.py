"""Trainings of tests: by the functions of the train stage without MLflow, or by its command as a process."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML

from poet.params.file import load_params
from poet.params.model import ModelConfig
from poet.results.model_folder import TOKENIZER
from poet.tokens.token_files import open_tokens
from poet.tracking.tracker import Tracker
from poet.training.claim import claim
from poet.training.distributed import join_world, leave_world
from poet.training.run import training_key
from stages.train import CODE, train, write_results
from tests.clone import ROOT
from tests.recipes import MODEL, RARELY, TRAIN
from tests.stages.small import save_untrained

# The folder of the model that `save_first` saves, from the folder in which it does.
FIRST = "first"


def save_first(folder: Path, tokens: Path, config: ModelConfig = MODEL.config) -> str:
    """Save a model from which a training on the folder `tokens` can start; returns the hash of its weights."""
    return save_untrained(folder / FIRST, tokens / TOKENIZER, config)


def result_paths(folder):
    """The files that a training in `folder` leaves, by the names of the stage's options."""
    return {
        "model": folder / "model",
        "history": folder / "history.csv",
        "timing": folder / "timing.csv",
        "samples": folder / "samples.jsonl",
        "metrics": folder / "train.json",
    }


def run(tokens, folder, settings=TRAIN, runtime=RARELY, model=MODEL, tracker=None):
    """Train in this process on the folder `tokens`; returns the bytes of the best weights."""
    world = join_world(settings.device)
    params = dataclasses.replace(load_params(ROOT / "params.yaml"), model=model, train=settings, runtime=runtime)
    key = training_key(open_tokens(tokens), model, settings, world, CODE)
    with claim(folder / "resume" / key, world) as claimed:
        write_results(
            train(tokens, params, claimed.folder, world, tracker or Tracker()), tokens, **result_paths(folder)
        )
        claimed.finish(result_paths(folder))
    leave_world(world)
    return (folder / "model" / "model.safetensors").read_bytes()


class OnStep(Tracker):
    """A tracker that calls `action` whenever a training step is recorded, with the number of the step."""

    def __init__(self, action: Callable[[int], object]) -> None:
        self.action = action

    def metrics(self, step: int, values: dict[str, float]) -> None:
        # Speed and validation are recorded too; only a step has a training loss.
        if "train/loss" in values:
            self.action(step)


def interrupt_at(step: int, number: signal.Signals = signal.SIGTERM) -> Tracker:
    """A tracker that sends this process a signal as soon as `step` is recorded, in the middle of a training."""

    def interrupt(current: int) -> None:
        if current == step:
            signal.raise_signal(number)

    return OnStep(interrupt)


def train_command(folder, tokens, name, model=None, **changes: Any) -> list[str]:
    """The train stage as a command, with a params.yaml of its own and results below `folder`/`name`.

    `model` and `changes` replace keys of the sections model and train. Snapshots are saved all the time.
    """
    yaml = YAML()
    raw = yaml.load(ROOT / "params.yaml")
    raw["model"] = {key: value for key, value in dataclasses.asdict(MODEL).items() if value is not None} | (model or {})
    raw["train"] = dataclasses.asdict(TRAIN) | changes
    raw["runtime"] = {"snapshot_seconds": 0.01}
    yaml.dump(raw, folder / f"{name}.yaml")
    words = ["-m", "stages.train", "--params", str(folder / f"{name}.yaml"), "--collection", "x"]
    for option, path in result_paths(folder / name).items():
        words += [f"--{option}", str(path)]
    return [*words, "--tokens", str(tokens), "--cost", str(folder / name / "costs" / "train.json")]


def environment() -> dict[str, str]:
    """Variables for the command: one thread, and a tracking server that does not answer, which must not matter."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "OMP_NUM_THREADS": "1",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
    }


def start(folder, words) -> "subprocess.Popen[str]":
    """Start Python with the arguments `words` in `folder`; its standard error is a pipe."""
    return subprocess.Popen([sys.executable, *words], cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True)


def snapshots_of(folder: Path) -> list[Path]:
    """The snapshots of all trainings that were started as commands in `folder`."""
    return list((folder / ".poet" / "resume").glob("*/step-*"))


def worker(job: "subprocess.Popen[str]", rank: int) -> psutil.Process:
    """The training process with number `rank` among the descendants of `job`, and of `job` only."""
    for process in psutil.Process(job.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a helper of torchrun that has just ended
            if process.environ().get("RANK") == str(rank):
                return process
    raise AssertionError(f"the job {job.pid} has no process of rank {rank}")
