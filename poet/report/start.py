"""The start page: every collection that has a report here, side by side, from one small summary of each."""

from pathlib import Path

from poet.files import read_json
from poet.report.pages import render_page


def start_page(summaries: Path, page: Path) -> None:
    """Render the page that compares the reports whose summaries lie in the folder `summaries`, best model first."""
    found = [read_json(path) for path in sorted(summaries.glob("*.json"))]
    found.sort(key=lambda summary: summary["bits_per_character"])

    def most(*keys: str) -> float:
        return max((summary[key] or 0 for summary in found for key in keys), default=0) or 1

    render_page(
        "start.html",
        page,
        collections=found,
        most_bits=most("bits_per_character", "held_out_bits_per_character", "best_compressor"),
        most_share=most("share_at_20", "human_share_at_20"),
    )
