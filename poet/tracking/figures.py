"""The figures that MLflow gets of a result. All others are in the JSON file of the result, which is an artifact.

A run list with a hundred columns shows nothing, so these are the few by which people compare runs. MLflow groups
metrics by what stands before the slash.
"""

from collections.abc import Mapping
from typing import Any

# For each result, the name of a figure and its place in the JSON of the result, as dotted keys. At the end, `*` is the
# least of the values there.
FIGURES: dict[str, dict[str, str]] = {
    "evaluation": {
        "bits_per_character": "bits_per_character",
        "held_out_bits_per_character": "held_out_books.bits_per_character",
        "best_compressor": "compressors.*",
    },
    "copying": {
        # Of running text: names, headings and what else a book repeats say nothing of what a model copied.
        "share_at_30": "running_text.share_at_30",
        "human_share_at_30": "running_text.human.share_at_30",
        "excess_at_30": "running_text.excess_at_30",
        "excess_at_30_low": "running_text.excess_at_30_low",
        "excess_at_30_high": "running_text.excess_at_30_high",
        "longest": "running_text.longest",
        "extractable_50": "extractable.50",
    },
}

# What a training measures at its steps, by its name in history.csv and timing.csv.
TRAINING = {
    "train_loss": "train/loss",
    "learning_rate": "train/learning_rate",
    "gradient_norm": "train/gradient_norm",
    "validation_loss": "validation/loss",
    "bits_per_character": "validation/bits_per_character",
    "tokens_per_second": "speed/tokens_per_second",
    "utilization": "speed/utilization",
}

# The figure that ranks runs.
BITS = "evaluation/bits_per_character"


def figures(result: str, content: Mapping[str, Any]) -> dict[str, float]:
    """The figures of `result` in `content`, the JSON of its file; without those that it does not have.

    >>> figures("evaluation", {"bits_per_character": 2.5, "held_out_books": None, "compressors": {"xz": 3, "ppmd": 2}})
    {'evaluation/bits_per_character': 2.5, 'evaluation/best_compressor': 2}
    """
    found = {f"{result}/{name}": _look_up(content, place) for name, place in FIGURES[result].items()}
    return {name: value for name, value in found.items() if value is not None}


def _look_up(content: Any, place: str) -> float | None:
    """The number at `place` in `content`; None if there is none."""
    for key in place.split("."):
        if not isinstance(content, Mapping) or not content:
            return None
        content = min(content.values()) if key == "*" else content.get(key)
    return content if isinstance(content, (int, float)) else None


def with_new_names(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics of a run by today's names. In older runs a name is that of the result and the place, dotted.

    >>> with_new_names({"evaluation.bits_per_character": 2.5, "train_loss": 1.0, "copying/longest": 30})
    {'evaluation.bits_per_character': 2.5, 'train_loss': 1.0, 'copying/longest': 30, 'train/loss': 1.0, \
'evaluation/bits_per_character': 2.5}
    """
    old = TRAINING | {
        f"{result}.{place}": f"{result}/{name}" for result, names in FIGURES.items() for name, place in names.items()
    }
    renamed = {new: metrics[name] for name, new in old.items() if name in metrics and new not in metrics}
    return dict(metrics) | renamed
