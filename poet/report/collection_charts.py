"""The charts of a collection's page: how the model learned, and how much it copies beside people."""

from typing import Any

import pandas as pd

from poet.report.charts import Chart, Level, Line, line_chart, thin

# Points per curve: as many as a screen can tell apart.
CURVE_POINTS = 300

# Match lengths that copying.json tells the share of.
LENGTHS = (10, 20, 30, 50, 100)


def loss_chart(history: pd.DataFrame) -> Chart:
    """Training and validation loss by step."""
    validated = history.dropna(subset=["validation_loss"])
    return line_chart(
        "Loss by step",
        "step",
        "nats per token",
        [
            Line(name="training", points=thin(_points(history, "train_loss"), CURVE_POINTS)),
            Line(name="validation", points=_points(validated, "validation_loss")),
        ],
    )


def bits_chart(history: pd.DataFrame, evaluation: dict[str, Any]) -> Chart:
    """Bits per character of the validation text by step, with the compressors' as levels."""
    validated = history.dropna(subset=["bits_per_character"])
    levels = [Level(name=name, y=bits) for name, bits in evaluation["compressors"].items()]
    return line_chart(
        "Bits per character of the validation text",
        "step",
        "bits per character",
        [Line(name="model", points=_points(validated, "bits_per_character"))],
        levels,
    )


def length_chart(copying: dict[str, Any]) -> Chart:
    """The share of characters inside matches of at least a length, samples beside human text."""
    lines = {
        name: [(float(length), 100 * metrics[f"share_at_{length}"]) for length in LENGTHS]
        for name, metrics in _samples_and_people(copying)
    }
    return _chart("Copied, by length of the match", "characters in the match", "% of the text", lines)


def novelty_chart(copying: dict[str, Any]) -> Chart:
    """The share of the n-grams that no book holds, samples beside human text."""
    lines = {
        name: [(float(n), 100 * share) for n, share in metrics["novelty"].items() if share is not None]
        for name, metrics in _samples_and_people(copying)
    }
    return _chart("New, by length of the phrase", "characters in the phrase", "% in no book", lines)


def _samples_and_people(copying: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The two sets of metrics; where no text was held out, its zeros were never measured."""
    people = copying["held_out"]
    return [("samples", copying)] + ([("human text", people)] if people["characters"] else [])


def _chart(title: str, x_label: str, y_label: str, lines: dict[str, list[tuple[float, float]]]) -> Chart:
    return line_chart(title, x_label, y_label, [Line(name=name, points=points) for name, points in lines.items()])


def _points(table: pd.DataFrame, column: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(table["step"], table[column], strict=True)]
