"""Line charts as geometry: positions in a picture, from which a template makes inline SVG with the page's colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# The size of a picture, and the margins around its plot, in units of SVG. Labels of ticks are in the left and bottom
# margins. A page scales the picture to the width of its column.
WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 12, 36

# A smaller range of values is drawn as a range of 1. Its ticks would differ only in digits that are not shown, and the
# logarithm of a range of 0 does not exist.
SMALLEST_SPREAD = 1e-9


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
class Chart:
    """Everything that a template draws. Positions are in units of SVG; y grows downwards."""

    title: str
    x_label: str
    y_label: str
    paths: list[tuple[str, str]]  # (name, points as the attribute of a polyline: "x,y x,y ...")
    levels: list[tuple[str, float]]  # (name, y)
    x_ticks: list[tuple[float, str]]  # (x, label)
    y_ticks: list[tuple[float, str]]  # (y, label)
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def line_chart(title: str, x_label: str, y_label: str, lines: Sequence[Line], levels: Sequence[Level] = ()) -> Chart:
    """Lay out `lines` and `levels` on common axes with round ticks; lines without a point are left out."""
    lines = [line for line in lines if line.points]
    # Without any value, both axes go from 0 to 1.
    xs = [x for line in lines for x, _ in line.points] or [0.0, 1.0]
    ys = [y for line in lines for _, y in line.points] + [level.y for level in levels] or [0.0, 1.0]
    x_ticks, y_ticks = round_ticks(min(xs), max(xs)), round_ticks(min(ys), max(ys))
    # The y axis is extended to its outer ticks. The x axis ends at its last point, except that a single point needs the
    # next tick as a second end.
    x_low, x_high = min(xs), max(xs) if len(xs) > 1 else max(xs[0], x_ticks[-1])
    y_low, y_high = min(*ys, y_ticks[0]), max(*ys, y_ticks[-1])

    # From values to positions, rounded to a tenth of a unit to keep pages small. An axis without length counts as 1.
    def place_x(x: float) -> float:
        return round(LEFT + (x - x_low) / ((x_high - x_low) or 1) * (WIDTH - LEFT - RIGHT), 1)

    def place_y(y: float) -> float:
        return round(TOP + (y_high - y) / ((y_high - y_low) or 1) * (HEIGHT - TOP - BOTTOM), 1)

    return Chart(
        title=title,
        x_label=x_label,
        y_label=y_label,
        paths=[(line.name, " ".join(f"{place_x(x)},{place_y(y)}" for x, y in line.points)) for line in lines],
        levels=[(level.name, place_y(level.y)) for level in levels],
        x_ticks=[(place_x(x), f"{x:,g}") for x in x_ticks if x_low <= x <= x_high],
        y_ticks=[(place_y(y), f"{y:,g}") for y in y_ticks if y_low <= y <= y_high],
    )


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
