"""The start page: every collection that has a report here, side by side, from one small summary of each, and the runs
that MLflow knows of each.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from poet.files import read_json
from poet.report.render import render_page
from poet.tracking.runs import Run

# Runs of a collection that are shown.
SHOWN = 20
BITS = "evaluation.bits_per_character"


def read_summaries(folder: Path) -> list[dict[str, Any]]:
    """The summaries in `folder`, best model first."""
    found = [read_json(path) for path in sorted(folder.glob("*.json"))]
    return sorted(found, key=lambda summary: summary["bits_per_character"])


def start_page(summaries: Sequence[dict[str, Any]], runs: Mapping[str, Sequence[Run]], page: Path) -> None:
    """Render the page that compares the collections of `summaries`, and the `runs` of each by its name."""

    def most(*keys: str) -> float:
        return max((summary[key] or 0 for summary in summaries for key in keys), default=0) or 1

    render_page(
        "start.html",
        page,
        collections=[
            one | {"runs": compared_runs(runs.get(one["collection"], ()), one.get("model_sha256", ""))}
            for one in summaries
        ],
        most_bits=most("bits_per_character", "held_out_bits_per_character", "best_compressor"),
        most_share=most("share_at_20", "human_share_at_20"),
    )


def compared_runs(runs: Sequence[Run], reported: str) -> list[dict[str, Any]]:
    """The best of the evaluated ones of `runs`, best first, and the one of the model with the sha256 `reported`; each
    with the parameters in which they differ. None when there is nothing to compare.
    """
    ranked = sorted((run for run in runs if BITS in run.metrics), key=lambda run: run.metrics[BITS])
    best = [run for i, run in enumerate(ranked) if i < SHOWN or run.model_sha256 == reported]
    keys = sorted({key for run in best for key in run.params})
    differing = [key for key in keys if len({run.params.get(key) for run in best}) > 1]
    rows = [
        {
            "name": run.name,
            "reported": run.model_sha256 == reported,
            "model": run.model_sha256[:8],
            "params": [(key, value) for key in differing if (value := run.params.get(key, "None")) != "None"],
            "bits": run.metrics[BITS],
            "held_out_bits": run.metrics.get("evaluation.held_out_books.bits_per_character"),
            "share_at_30": run.metrics.get("copying.share_at_30"),
            "excess_at_30": run.metrics.get("copying.excess_at_30"),
            "longest": run.metrics.get("copying.longest"),
        }
        for run in best
    ]
    return rows if len(rows) > 1 else []
