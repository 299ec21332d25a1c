"""The page of a sweep: for each collection a plot of bits per character against the cost of the training, and a table.

The plot marks the Pareto front: the experiments that no other one beats in both. The page shows the messages of no
failed experiment: they can name private files, and a team's MLflow gets the page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from poet.experiments.outcome import Outcome, are_comparable, pareto_front
from poet.progress import duration
from poet.report.charts import Axis, Chart, Line, line_chart, round_ticks
from poet.report.render import render_page
from poet.report.words import figure, rounded, significant

# Units of work, the largest first: FLOPs, and how they are written.
UNITS = ((1e18, "EFLOPs"), (1e15, "PFLOPs"), (1e12, "TFLOPs"), (1e9, "GFLOPs"), (1e6, "MFLOPs"))

# How far the plot goes beyond its outer points, as a factor.
ROOM = 1.25


@dataclass(frozen=True, kw_only=True)
class Row:
    """An experiment in the table: the cells of its settings, its figures in words, and its place in the plot.

    `number` ranks the experiments, 0 for one without figures. `x` and `y` are in per cent of the plot, None without.
    """

    number: int
    name: str
    settings: list[str]
    bits: str
    cost: str
    parameters: str
    time: str
    is_front: bool
    log: str
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """The table of one collection, the best first; `keys` are the settings in which its experiments differ."""

    collection: str
    keys: list[str]
    rows: list[Row]
    comparable: bool
    unit: str
    chart: Chart | None


def make_tables(outcomes: Sequence[Outcome], root: Path) -> list[Table]:
    """A table for each collection that an experiment built. Paths of logs are relative to the folder `root`."""
    names = dict.fromkeys(name for one in outcomes for name in one.trial.params.build)
    return [_table(name, [one for one in outcomes if name in one.trial.params.build], root) for name in names]


def _table(collection: str, outcomes: Sequence[Outcome], root: Path) -> Table:
    keys = list(dict.fromkeys(key for one in outcomes for key in one.trial.values))
    done = sorted(
        ((one, one.figures[collection]) for one in outcomes if collection in one.figures),
        key=lambda pair: pair[1].bits_per_character,
    )
    figures = [each for _, each in done]
    comparable = are_comparable(figures)
    points = [(each.flops, each.bits_per_character) for each in figures]
    front = pareto_front(points) if comparable else []
    size, unit = unit_of(max((each.flops for each in figures), default=1.0))
    chart, axes = _chart(points, front, size, unit) if comparable and done else (None, None)
    rows = [
        Row(
            number=number + 1,
            name=one.trial.name,
            settings=[one.trial.values.get(key, "") for key in keys],
            bits=figure(each.bits_per_character),
            cost=significant(each.flops / size),
            parameters=rounded(each.parameters),
            time=duration(each.seconds),
            is_front=number in front,
            log="",
            x=axes and axes[0].place(each.flops / size),
            y=axes and round(100 - axes[1].place(each.bits_per_character), 2),
        )
        for number, (one, each) in enumerate(done)
    ]
    rows += [_failed(one, keys, root) for one in outcomes if collection not in one.figures]
    return Table(collection=collection, keys=keys, rows=rows, comparable=comparable, unit=unit, chart=chart)


def _failed(one: Outcome, keys: Sequence[str], root: Path) -> Row:
    log = one.log.relative_to(root).as_posix() if one.log and one.log.is_relative_to(root) else "no log"
    settings = [one.trial.values.get(key, "") for key in keys]
    return Row(
        number=0,
        name=one.trial.name,
        settings=settings,
        bits="–",
        cost="–",
        parameters="–",
        time="–",
        is_front=False,
        log=log,
    )


def unit_of(flops: float) -> tuple[float, str]:
    """The unit in which `flops` is a number of few digits, in FLOPs and in words.

    >>> unit_of(4.4e13)
    (1000000000000.0, 'TFLOPs')
    """
    return next((unit for unit in UNITS if flops >= unit[0]), UNITS[-1])


def _chart(
    points: Sequence[tuple[float, float]], front: Sequence[int], size: float, unit: str
) -> tuple[Chart, tuple[Axis, Axis]]:
    """The axes of the plot with the Pareto front as a line; the template adds the points."""
    costs, bits = [cost / size for cost, _ in points], [bit for _, bit in points]
    x_axis = ratio_axis(min(costs) / ROOM, max(costs) * ROOM)
    plot = line_chart(
        "Bits per character against the cost of the training",
        f"{unit} of the whole training",
        "bits per character",
        [Line(name="Pareto front", points=[(costs[i], bits[i]) for i in front])],
        x_axis=x_axis,
        y_axis=(y_axis := _room(bits)),
    )
    return plot, (x_axis, y_axis)


def _room(bits: Sequence[float]) -> Axis:
    """An axis with round ticks around all values."""
    spread = (max(bits) - min(bits)) or 0.1
    ticks = round_ticks(min(bits) - 0.08 * spread, max(bits) + 0.08 * spread)
    return Axis(low=ticks[0], high=ticks[-1], ticks=ticks)


def ratio_axis(low: float, high: float) -> Axis:
    """A logarithmic axis from `low` to `high` with at least two round ticks.

    >>> ratio_axis(0.9, 30).ticks, ratio_axis(40, 60).ticks
    ([1.0, 3.0, 10.0, 30.0], [40.0, 50.0, 60.0])
    """
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    ticks = list[float]()
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        ticks = [round(step * 10.0**decade, 10) for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) > 2:
            break
    return Axis(low=low, high=high, ticks=ticks, logarithmic=True)


def sweep_page(name: str, command: str, commit: str, tables: Sequence[Table]) -> str:
    """The HTML of the page of the sweep `name`, which `command` runs at `commit`."""
    return render_page(
        "sweep.html",
        styles=("page.css", "sweep.css"),
        scripts=(),
        name=name,
        command=command,
        commit=commit,
        tables=tables,
    )
