"""The few figures of a collection by which the start page, and `dvc metrics`, compare it with others."""

from collections.abc import Sequence
from typing import Any

from poet.books.manifest import CleanBook
from poet.report.passages import ShownSample

# Of a sample that the start page shows.
EXCERPT_CHARACTERS, EXCERPT_LINES = 420, 24


def summarize(
    name: str,
    title: str,
    books: Sequence[CleanBook],
    training: dict[str, Any],
    evaluation: dict[str, Any],
    copying: dict[str, Any],
    samples: Sequence[ShownSample],
    model_sha256: str,
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
        "model_sha256": model_sha256,
        "sample": _excerpt(row["prompt"] + row["text"]) if row else "",
    }


def _excerpt(text: str) -> str:
    return "".join(text[:EXCERPT_CHARACTERS].splitlines(keepends=True)[:EXCERPT_LINES])
