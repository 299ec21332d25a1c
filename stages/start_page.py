"""Stage start_page: the page that links to all reports."""

from pathlib import Path

import click

from poet.report.start import start_page

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.start_page --summaries reports/summaries --out reports/index.html")
@click.option("--summaries", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
def main(summaries: Path, out: Path) -> None:
    """Render the start page from the summaries of all reports."""
    start_page(summaries, out)


if __name__ == "__main__":
    main()
