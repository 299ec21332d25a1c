"""The start page: every collection that has a report here, side by side."""

from pathlib import Path

from poet.files import read_json
from poet.report.pages import render_page


def start_page(summaries: Path, page: Path) -> None:
    """Render the page that links to the report of each summary in the folder `summaries`."""
    render_page("start.html", page, collections=[read_json(path) for path in sorted(summaries.glob("*.json"))])
