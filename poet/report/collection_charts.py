"""The charts of a collection's page: how the model learned, and how much it copies beside human text."""

import dataclasses
from collections.abc import Sequence

import pandas as pd

from poet.report.charts import CURVE_POINTS, Axis, Chart, Level, Line, decades, line_chart, thin
from poet.report.verdict import NAMES
from poet.results.copying import LENGTHS, NOVELTY, CopyingMetrics, RunningText
from poet.results.evaluation import Evaluation

# The lowest share of copied text that its chart tells from nothing, in per cent: a logarithmic axis has no zero.
LEAST_SHARE = 0.01

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
            *(Level(name=NAMES.get(name, name), y=bits) for name, bits in evaluation.compressors.items()),
        ],
    )


def copied_chart(samples: CopyingMetrics, human: CopyingMetrics | None) -> Chart:
    """The share of the characters inside matches, by the least length of a match; samples beside human text.

    Both axes are logarithmic: each step to a longer match makes the share several times smaller.
    """
    lines = [Line(name="the model", points=_copied_by_length(samples))]
    if human is not None:
        lines.append(Line(name="the authors", points=_copied_by_length(human)))
    chart = line_chart(
        "Copied text by the length of the passages",
        "least length of a passage (characters)",
        "% of the text",
        lines,
        x_axis=Axis(low=LENGTHS[0], high=LENGTHS[-1], ticks=LENGTHS, logarithmic=True),
        y_axis=decades(LEAST_SHARE, 100),
        fill_gap=True,
    )
    # What is placed at the lower end may be nothing at all.
    return dataclasses.replace(chart, y_ticks=[(y, "0" if y == 100 else label) for y, label in chart.y_ticks])


def novelty_chart(copying: RunningText) -> Chart:
    """The share of the n-grams that occur in no book, by n; samples beside human text."""
    lines = [Line(name="the model", points=_new_by_length(copying.samples))]
    # Without human text to measure, its metrics are zeros that mean nothing.
    if copying.human.characters:
        lines.append(Line(name="the authors", points=_new_by_length(copying.human)))
    return line_chart("New phrases by length", "length of a phrase (characters)", "% found in no book", lines)


def _copied_by_length(metrics: CopyingMetrics) -> Points:
    return [(float(length), 100 * metrics.share_at[length]) for length in LENGTHS]


def _new_by_length(metrics: CopyingMetrics) -> Points:
    # A share is None where every text is shorter than the n-gram; the curve leaves such an n out.
    return [(float(n), 100 * share) for n in NOVELTY if (share := metrics.novelty[n]) is not None]


def _by_step(table: pd.DataFrame, column: str) -> Points:
    return [(float(x), float(y)) for x, y in zip(table["step"], table[column], strict=True)]
