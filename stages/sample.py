"""Stage sample: a grid of prompts and temperatures."""

from pathlib import Path

import click

from poet.attribution.guard import guard_maker
from poet.files import read_text
from poet.generation.samples import sample
from poet.params.file import load_params
from poet.project import project_root
from poet.tracking.run import tracking

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.sample --collection shakespeare --model models/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--model", type=PATH, required=True)
@click.option("--index", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
def main(params: Path, collection: str, model: Path, index: Path, out: Path) -> None:
    """Write samples for every prompt and temperature."""
    settings = load_params(params)
    prompts = settings.collection(collection).prompts or settings.sample.prompts
    guard = guard_maker(index, settings.sample.max_copy)
    digest = sample(model, settings.sample, prompts, guard, out=out)
    with tracking(project_root(), collection, "sample", digest) as tracker:
        tracker.text("samples/samples.jsonl", read_text(out))


if __name__ == "__main__":
    main()
