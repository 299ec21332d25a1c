"""The start page: every collection that has a report here, side by side, from one small summary of each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from poet.corpus.manifest import CleanBook
from poet.files import read_json
from poet.report.pages import render_page
from poet.report.sources import ShownSample

# Of a sample that the start page shows, in characters.
EXCERPT = 420


def summarize(
    name: str,
    title: str,
    books: Sequence[CleanBook],
    training: dict[str, Any],
    evaluation: dict[str, Any],
    copying: dict[str, Any],
    samples: Sequence[ShownSample],
) -> dict[str, Any]:
    """What the start page shows of the collection `name`."""
    held_out, people, row = evaluation["held_out_books"], copying["held_out"], samples[0].row if samples else None
    return {
        "collection": name,
        "title": title,
        "books": len(books),
        "characters": sum(book.characters for book in books),
        "parameters": training["parameters"],
        "steps": training["steps"],
        "epochs": training["epochs"],
        "bits_per_character": evaluation["bits_per_character"],
        "held_out_bits_per_character": held_out["bits_per_character"] if held_out else None,
        "best_compressor": min(evaluation["compressors"].values(), default=None),
        "share_at_20": copying["share_at_20"],
        "share_at_30": copying["share_at_30"],
        "human_share_at_20": people["share_at_20"] if people["characters"] else None,
        "human_share_at_30": people["share_at_30"] if people["characters"] else None,
        "excess_at_30": copying["excess_at_30"],
        "longest": copying["longest"],
        "sample": (row["prompt"] + row["text"])[:EXCERPT] if row else "",
    }


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
