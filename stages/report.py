"""Stage report: one HTML page per collection."""

from pathlib import Path

import click

from poet.params.file import load_params
from poet.project import project_root
from poet.report.collection import Inputs, report_collection
from poet.tracking.run import tracking

PATH = click.Path(path_type=Path)


@click.command(
    epilog="Example: python -m stages.report --collection shakespeare ... --out reports/shakespeare/index.html"
)
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--raw", type=PATH, required=True)
@click.option("--clean", type=PATH, required=True)
@click.option("--corpus", type=PATH, required=True)
@click.option("--tokens-meta", type=PATH, required=True)
@click.option("--tokenizers", type=PATH, required=True)
@click.option("--model", type=PATH, required=True)
@click.option("--history", type=PATH, required=True)
@click.option("--training", type=PATH, required=True)
@click.option("--training-samples", type=PATH, required=True)
@click.option("--evaluation", type=PATH, required=True)
@click.option("--samples", type=PATH, required=True)
@click.option("--attribution", type=PATH, required=True)
@click.option("--copying", type=PATH, required=True)
@click.option("--benchmark", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
@click.option("--summary", type=PATH, required=True)
def main(params: Path, collection: str, out: Path, summary: Path, **inputs: Path) -> None:
    """Render the page of a collection."""
    digest = report_collection(collection, load_params(params), Inputs(**inputs), page=out, summary=summary)
    with tracking(project_root(), collection, "report", digest) as tracker:
        tracker.file(out)


if __name__ == "__main__":
    main()
