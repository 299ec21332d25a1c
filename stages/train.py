"""Stage train: from tokens to a model."""

from pathlib import Path

import click

from poet.params.file import load_params
from poet.project import project_root
from poet.tracking.run import tracking
from poet.tracking.tracker import flatten
from poet.training.distributed import join_world, launch, launched
from poet.training.run import Outputs
from poet.training.train import train

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.train --collection shakespeare --tokens data/tokens/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--tokens", type=PATH, required=True)
@click.option("--model", type=PATH, required=True)
@click.option("--history", type=PATH, required=True)
@click.option("--timing", type=PATH, required=True)
@click.option("--samples", type=PATH, required=True)
@click.option("--metrics", type=PATH, required=True)
def main(
    params: Path, collection: str, tokens: Path, model: Path, history: Path, timing: Path, samples: Path, metrics: Path
) -> None:
    """Train a model; an interrupted training goes on where it was. Also run by torchrun, on one machine or many."""
    settings, root = load_params(params), project_root()
    if settings.train.processes > 1 and not launched():
        launch("stages.train", settings.train.processes)
        return
    outputs = Outputs(model=model, history=history, timing=timing, samples=samples, metrics=metrics)
    world = join_world(settings.train.device)
    with tracking(root, collection, "train", record=world.leads) as tracker:
        tracker.params(
            flatten(split=settings.split, tokenize=settings.tokenize, model=settings.model, train=settings.train)
        )
        train(
            tokens,
            settings.model,
            settings.train,
            settings.runtime,
            outputs=outputs,
            resume=root / ".poet" / "resume",
            tracker=tracker,
            world=world,
        )


if __name__ == "__main__":
    main()
