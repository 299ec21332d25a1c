"""Stage evaluate: bits per character of everything the model has not seen."""

from pathlib import Path

import click

from poet.metrics.evaluate import evaluate
from poet.params.file import load_params
from poet.progress import log
from poet.project import project_root
from poet.tracking.run import tracking
from poet.tracking.tracker import numbers

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.evaluate --collection shakespeare --model models/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--model", type=PATH, required=True)
@click.option("--tokens", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
@click.option("--extractable", type=PATH, required=True)
def main(params: Path, collection: str, model: Path, tokens: Path, out: Path, extractable: Path) -> None:
    """Score a model on the validation text and the held-out books."""
    digest, metrics = evaluate(model, tokens, load_params(params).evaluate, out=out, extractable=extractable)
    with tracking(project_root(), collection, "evaluate", digest) as tracker:
        tracker.metrics(0, numbers("evaluation", metrics))
    log(f"{metrics['bits_per_character']:.4f} bits per character on {metrics['characters']:,} characters")


if __name__ == "__main__":
    main()
