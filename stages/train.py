"""Stage train: from tokens to a model.

With `train.processes` above 1, this page starts itself again, once per process; each trains on its part of each batch.
"""

from pathlib import Path

import click

from poet.costs import records_cost_if
from poet.device.device import keep_freed_memory
from poet.installation import stage_module
from poet.model.saving import save_model
from poet.params.file import load_params
from poet.params.sections import Params
from poet.project import project_root, state_folder
from poet.results.evaluation import write_result
from poet.results.model_folder import TOKENIZER
from poet.results.samples import write_training_samples
from poet.tokenizers.tokenizer import load_tokenizer
from poet.tokens.token_files import TRAIN, open_tokens
from poet.tracking.mlflow_store import MODEL_TAG
from poet.tracking.run import tracking
from poet.tracking.tracker import Tracker
from poet.training.budget import FOLDER, by_minutes
from poet.training.claim import claim
from poet.training.compile_cache import keep_compiled
from poet.training.distributed import World, is_one_of_many, join_world, leave_world, speaks_for_all
from poet.training.history import write_history, write_timing
from poet.training.launcher import launch
from poet.training.run import TrainingRun, summarize, training_key
from poet.training.snapshots import RESUME, Snapshots
from poet.training.state import gather_weights
from poet.training.teachers import train_model

PATH = click.Path(path_type=Path)

# The code that can change what this stage writes, as dvc.yaml lists it. An interrupted training continues only if none
# of it has changed: its end must not depend on when it was interrupted.
# fmt: off
CODE = (
    "stages/train.py", "poet/device/device.py", "poet/files.py", "poet/generation/characters.py",
    "poet/generation/sampling.py", "poet/metrics/bits.py", "poet/model", "poet/params/decided.py",
    "poet/params/model.py", "poet/params/sampling.py", "poet/results/evaluation.py", "poet/results/model_folder.py",
    "poet/results/samples.py", "poet/tokenizers/tokenizer.py", "poet/tokens/batches.py", "poet/tokens/token_files.py",
    "poet/training",
)
# fmt: on


@click.command(epilog="Example: python -m stages.train --collection shakespeare --tokens data/tokens/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--tokens", type=PATH, required=True, help="The folder of tokens.")
@click.option("--model", type=PATH, required=True, help="The folder for the model; it is replaced.")
@click.option("--history", type=PATH, required=True, help="The losses by step, as CSV.")
@click.option("--timing", type=PATH, required=True, help="The speed by step, as CSV.")
@click.option("--samples", type=PATH, required=True, help="A sample from every validation, as JSON lines.")
@click.option("--metrics", type=PATH, required=True, help="The figures that sum up the training, as JSON.")
@records_cost_if(speaks_for_all)
def main(params: Path, collection: str, tokens: Path, **results: Path) -> None:
    """Train a model; an interrupted training continues where it was. torchrun can start this too, on many machines."""
    settings, root = load_params(params), project_root()
    keep_compiled(root)
    if settings.train.processes > 1 and not is_one_of_many():
        launch(stage_module("train"), settings.train.processes, settings.train.device)
        return

    # From here on, every process does the same. Only rank 0 records and writes files.
    world = join_world(settings.train.device)
    settings, picked = by_minutes(settings, tokens, state_folder(root, FOLDER), CODE, world)
    # Snapshots are found by everything that determines the result.
    key = training_key(open_tokens(tokens), settings.model, settings.train, world, CODE)
    with claim(state_folder(root, RESUME) / key, world) as claimed:
        # Another experiment may have trained this model a moment ago; then the run in MLflow is that experiment's.
        if not claimed.take_result(results):
            with tracking(root, collection, "train", record=world.is_main) as tracker:
                run = train(tokens, settings, claimed.folder, world, tracker)
                run.picked = picked
                write_results(run, tokens, **results)
                claimed.finish(results)
                del run  # `leave_world` needs the model gone
        leave_world(world)


def train(tokens: Path, settings: Params, folder: Path, world: World, tracker: Tracker) -> TrainingRun:
    """Train a model on the folder `tokens`, from its newest snapshot in `folder` if there is one."""
    # The split and the tokenizer were used before, but belong to the recipe of the model.
    tracker.params(split=settings.split, tokenize=settings.tokenize)
    keep_freed_memory()
    data, tokenizer = open_tokens(tokens), load_tokenizer(tokens / TOKENIZER)
    saved = Snapshots(folder=folder, interval=settings.runtime.snapshot_seconds)
    return train_model(data, tokenizer, settings.model, settings.train, world=world, snapshots=saved, tracker=tracker)


def write_results(
    run: TrainingRun, tokens: Path, *, model: Path, history: Path, timing: Path, samples: Path, metrics: Path
) -> None:
    """Write all that the training leaves, and name the model in the tracker."""
    last_weights = gather_weights(run.model)  # needs every process if the model is sharded
    if not run.world.is_main:
        return
    write_history(history, run.history)
    write_timing(timing, run.history)
    write_training_samples(samples, run.history.samples)
    write_result(metrics, summarize(run))
    # The model folder is complete in itself: it has a copy of the tokenizer, and the hash of the text it was made of.
    weights, text = {"best": run.best.weights, "last": last_weights}, run.data.meta["splits"][TRAIN]["sha256"]
    digest = save_model(model, run.model, **weights, tokenizer=tokens / TOKENIZER, data_sha256=text)
    # The later stages find this run in MLflow by the hash of its weights.
    run.tracker.tags({MODEL_TAG: digest})
    run.tracker.table("samples/by_step.json", [{"step": one.step, "text": one.text} for one in run.history.samples])
    run.tracker.file(metrics)


if __name__ == "__main__":
    main()
