"""Stage attribute: where the samples' passages stand."""

from pathlib import Path

import click

from poet.attribution.attribute import Inputs, attribute
from poet.files import sha256
from poet.params.file import load_params
from poet.progress import log
from poet.project import project_root
from poet.tracking.run import tracking
from poet.tracking.tracker import numbers

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.attribute --collection shakespeare --index data/index/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--model", type=PATH, required=True)
@click.option("--samples", type=PATH, required=True)
@click.option("--index", type=PATH, required=True)
@click.option("--clean", type=PATH, required=True)
@click.option("--extractable", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
@click.option("--metrics", type=PATH, required=True)
def main(params: Path, collection: str, model: Path, out: Path, metrics: Path, **inputs: Path) -> None:
    """Trace every sample to its source books, and measure copying."""
    settings = load_params(params)
    copying = attribute(Inputs(**inputs), settings.split, settings.attribute, out=out, metrics=metrics)
    with tracking(project_root(), collection, "attribute", sha256(model)) as tracker:
        tracker.metrics(0, numbers("copying", copying))
    log(
        f"{copying['share_at_30']:.1%} of the characters in copies of 30 or more, "
        f"{copying['held_out']['share_at_30']:.1%} in human text"
    )


if __name__ == "__main__":
    main()
