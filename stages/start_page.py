"""Stage start_page: the page that links to all reports."""

from pathlib import Path

import click

from poet.project import project_root
from poet.report.start_page import read_summaries, start_page
from poet.tracking.runs import finished_runs

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.start_page --summaries reports/summaries --out reports/index.html")
@click.option("--summaries", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
def main(summaries: Path, out: Path) -> None:
    """Render the start page from the summaries of all reports, and from the runs that MLflow knows."""
    found = read_summaries(summaries)
    runs = {summary["collection"]: finished_runs(project_root(), summary["collection"]) for summary in found}
    start_page(found, runs, out)


if __name__ == "__main__":
    main()
