"""Charts as geometry: positions in per cent of a plot, from which a template makes inline SVG and a table.

The plot is stretched to the room that the page has. Labels are not: they are placed by the same percentages beside the
plot, so that their size is that of the page's text on every screen.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

# A smaller range of values is drawn as a range of 1. Its ticks would differ only in digits that are not shown, and the
# logarithm of a range of 0 does not exist.
SMALLEST_SPREAD = 1e-9

# Points of a curve. More cannot be seen: a chart is about this many pixels wide on a small screen.
CURVE_POINTS = 300


@dataclass(frozen=True, kw_only=True)
class Line:
    """A named series of (x, y) points."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Level:
    """A named horizontal line to compare with."""

    name: str
    y: float


@dataclass(frozen=True, kw_only=True)
class Axis:
    """How values become positions: the ends of an axis, and whether distances are ratios. `ticks` lie between them."""

    low: float
    high: float
    ticks: Sequence[float]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """The position of `value` in per cent of the axis; values beyond an end are placed at that end.

        >>> Axis(low=1, high=100, ticks=(), logarithmic=True).place(10), Axis(low=0, high=4, ticks=()).place(3)
        (50.0, 75.0)
        """
        scale: Callable[[float], float] = math.log if self.logarithmic else float
        low, high = scale(self.low), scale(self.high)
        inside = min(max(value, self.low), self.high)
        # Rounded to a twentieth of a pixel or so, to keep pages small. An axis without length counts as 1.
        return round(100 * (scale(inside) - low) / ((high - low) or 1), 2)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table behind a chart: the position of its x in per cent, the x, and a value for each line."""

    at: float
    x: float
    values: list[float | None]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Everything that a template draws. Positions are in per cent of the plot, from its left and from its top."""

    title: str
    x_label: str
    y_label: str
    names: list[str]
    paths: list[str]  # for each name, its points as the attribute of a polyline: "x,y x,y ..."
    gap: str  # the area between the two lines, as the attribute of a polygon; "" for none
    levels: list[tuple[str, float]]  # (name, y)
    x_ticks: list[tuple[float, str]]  # (x, label)
    y_ticks: list[tuple[float, str]]  # (y, label)
    rows: list[Row] = field(default_factory=list)


def line_chart(
    title: str,
    x_label: str,
    y_label: str,
    lines: Sequence[Line],
    levels: Sequence[Level] = (),
    *,
    x_axis: Axis | None = None,
    y_axis: Axis | None = None,
    fill_gap: bool = False,
) -> Chart:
    """Lay out `lines` and `levels`; lines without a point are left out. Axes that are not given have round ticks.

    With `fill_gap`, the area between the first two lines is a shape of its own; both must have the same xs.
    """
    lines = [line for line in lines if line.points]
    x_axis = x_axis or _x_axis([x for line in lines for x, _ in line.points])
    y_axis = y_axis or _y_axis([y for line in lines for _, y in line.points] + [level.y for level in levels])
    placed = [[(x_axis.place(x), _down(y_axis, y)) for x, y in line.points] for line in lines]
    gap = [*placed[0], *reversed(placed[1])] if fill_gap and len(placed) > 1 else []
    values = [dict(line.points) for line in lines]
    return Chart(
        title=title,
        x_label=x_label,
        y_label=y_label,
        names=[line.name for line in lines],
        paths=[_path(points) for points in placed],
        gap=_path(gap),
        levels=[(level.name, _down(y_axis, level.y)) for level in levels],
        x_ticks=[(x_axis.place(x), f"{x:,g}") for x in x_axis.ticks],
        y_ticks=[(_down(y_axis, y), f"{y:,g}") for y in y_axis.ticks],
        rows=[
            Row(at=x_axis.place(x), x=x, values=[series.get(x) for series in values])
            for x in sorted({x for series in values for x in series})
        ],
    )


def _down(axis: Axis, y: float) -> float:
    """The position of `y` from the top of the plot, in per cent: SVG's y grows downwards."""
    return round(100 - axis.place(y), 2)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _x_axis(xs: Sequence[float]) -> Axis:
    """From the first x to the last one, except that a single x needs the next tick as a second end."""
    xs = xs or [0.0, 1.0]
    ticks = round_ticks(min(xs), max(xs))
    low, high = min(xs), max(xs) if len(xs) > 1 else max(xs[0], ticks[-1])
    return Axis(low=low, high=high, ticks=[tick for tick in ticks if low <= tick <= high])


def _y_axis(ys: Sequence[float]) -> Axis:
    """From the outer tick below all of `ys` to the one above."""
    ys = ys or [0.0, 1.0]
    ticks = round_ticks(min(ys), max(ys))
    low, high = min(*ys, ticks[0]), max(*ys, ticks[-1])
    return Axis(low=low, high=high, ticks=[tick for tick in ticks if low <= tick <= high])


def decades(low: float, high: float) -> Axis:
    """A logarithmic axis from the power of ten at or below `low` to `high`, with a tick at every power of ten.

    >>> decades(0.03, 60)
    Axis(low=0.01, high=60, ticks=[0.01, 0.1, 1.0, 10.0], logarithmic=True)
    """
    first, last = math.floor(math.log10(low) + 1e-9), math.floor(math.log10(high) + 1e-9)
    ticks = [float(f"1e{power}") for power in range(first, last + 1)]
    return Axis(low=ticks[0], high=high, ticks=ticks, logarithmic=True)


def round_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` multiples of a round step (1, 2 or 5 times a power of ten), from at most `low` to at least `high`.

    >>> round_ticks(1.83, 3.4)
    [1.5, 2.0, 2.5, 3.0, 3.5]
    >>> round_ticks(7, 7)
    [7.0]
    """
    spread = high - low if high - low > SMALLEST_SPREAD else 1.0
    # The power of ten just below the ideal step. Of its round multiples, take the one that comes closest to `count`.
    magnitude: float = 10 ** math.floor(math.log10(spread / count))
    step = min((factor * magnitude for factor in (1, 2, 5, 10)), key=lambda step: abs(spread / step - count))
    first, last = math.floor(low / step), math.ceil(high / step)
    # Rounding removes errors of binary fractions, such as 0.30000000000000004 for 3 steps of 0.1.
    return [round(i * step, 10) for i in range(first, last + 1)]


def thin(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most `most` points: the mean of each group of consecutive points, at the last x of the group.

    >>> thin([(1, 10.0), (2, 20.0), (3, 30.0), (4, 50.0), (5, 70.0)], 3)
    [(2, 15.0), (4, 40.0), (5, 70.0)]
    """
    size = max(1, math.ceil(len(points) / most))
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]
