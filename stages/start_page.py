"""Stage start_page: the page that compares all collections and links to their reports."""

from pathlib import Path

import click

from poet.files import write_text
from poet.params.file import load_params
from poet.progress import log
from poet.project import project_root
from poet.report.closing import closing_lines
from poet.report.start_page import start_page
from poet.report.summary import read_summaries
from poet.results.benchmark import newest, read_benchmarks, read_saved
from poet.tracking.finished_runs import finished_runs

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.start_page --summaries reports/summaries ... --out reports/index.html")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--summaries", type=PATH, required=True)
@click.option("--benchmark", type=PATH, required=True)
@click.option("--machines", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
def main(params: Path, summaries: Path, benchmark: Path, machines: Path, out: Path) -> None:
    """Render the start page from the summaries of all reports, all machines, and the runs that MLflow holds."""
    collections, build = read_summaries(summaries), load_params(params).build
    # One experiment of MLflow per collection.
    runs = {summary.collection: finished_runs(project_root(), summary.collection) for summary in collections}
    # The machine of this build beside those that the team has saved.
    measured = newest(read_benchmarks(benchmark), read_saved(machines))
    write_text(out, start_page(collections, runs, build, measured))

    # The end of a build: whatever figures have changed, this stage runs, and it runs last.
    for one in collections:
        if one.collection in build:
            is_default = one.collection == build[0]
            for line in closing_lines(one, out.parent / one.collection, is_default=is_default):
                log(line)


if __name__ == "__main__":
    main()
