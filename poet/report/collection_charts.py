"""The charts of a collection's page: how the model learned, and how much it copies beside human text."""

from collections.abc import Callable, Sequence

import pandas as pd

from poet.report.charts import Chart, Level, Line, line_chart, thin
from poet.results.copying import LENGTHS, NOVELTY, Copying, CopyingMetrics
from poet.results.evaluation import Evaluation

# Points of a curve. More cannot be seen: a chart is about this many pixels wide on a small screen.
CURVE_POINTS = 300

Points = Sequence[tuple[float, float]]


def loss_chart(history: pd.DataFrame) -> Chart:
    """Training and validation loss by step."""
    # The training loss is measured at every step. The validation loss is not: its other rows are empty.
    validated = history.dropna(subset=["validation_loss"])
    return line_chart(
        "Loss by step",
        "step",
        "nats per token",
        [
            Line(name="training", points=thin(_by_step(history, "train_loss"), CURVE_POINTS)),
            Line(name="validation", points=_by_step(validated, "validation_loss")),
        ],
    )


def bits_chart(history: pd.DataFrame, evaluation: Evaluation) -> Chart:
    """Bits per character of the validation text by step, with the figure of the page and of the compressors as levels.

    During the training, every window is scored by itself, which is quick; its first tokens have little context. The
    figure of the page gives every token context from the window before, so it lies below the end of the curve.
    """
    # What has no steps is a level across the chart.
    validated = history.dropna(subset=["bits_per_character"])
    return line_chart(
        "Bits per character of the validation text",
        "step",
        "bits per character",
        [Line(name="model, windows by themselves", points=_by_step(validated, "bits_per_character"))],
        [
            Level(name="model, with context", y=evaluation.bits_per_character),
            *(Level(name=name, y=bits) for name, bits in evaluation.compressors.items()),
        ],
    )


def length_chart(copying: Copying) -> Chart:
    """The share of the characters inside matches, by the least length of a match; samples beside human text."""
    return _samples_beside_human_text(
        copying, "Copied text by match length", "match length (characters)", "% of the text", _copied_by_length
    )


def novelty_chart(copying: Copying) -> Chart:
    """The share of the n-grams that occur in no book, by n; samples beside human text."""
    return _samples_beside_human_text(
        copying, "New phrases by length", "phrase length (characters)", "% found in no book", _new_by_length
    )


def _samples_beside_human_text(
    copying: Copying, title: str, x_label: str, y_label: str, points: Callable[[CopyingMetrics], Points]
) -> Chart:
    lines = [Line(name="samples", points=points(copying.samples))]
    # Without human text to measure, its metrics are zeros that mean nothing.
    if copying.human.characters:
        lines.append(Line(name="human text", points=points(copying.human)))
    return line_chart(title, x_label, y_label, lines)


def _copied_by_length(metrics: CopyingMetrics) -> Points:
    return [(float(length), 100 * metrics.share_at[length]) for length in LENGTHS]


def _new_by_length(metrics: CopyingMetrics) -> Points:
    # A share is None where every text is shorter than the n-gram; the curve leaves such an n out.
    return [(float(n), 100 * share) for n in NOVELTY if (share := metrics.novelty[n]) is not None]


def _by_step(table: pd.DataFrame, column: str) -> Points:
    return [(float(x), float(y)) for x, y in zip(table["step"], table[column], strict=True)]
