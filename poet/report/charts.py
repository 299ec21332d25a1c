"""Line charts as plain geometry, which a template turns into inline SVG that follows the colours of the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 12, 36

# A narrower range of values is drawn as a range of 1.
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
    """Everything that a template draws, in the units of a WIDTH x HEIGHT picture."""

    title: str
    x_label: str
    y_label: str
    paths: list[tuple[str, str]]  # name, points of a polyline
    levels: list[tuple[str, float]]  # name, y
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def line_chart(title: str, x_label: str, y_label: str, lines: Sequence[Line], levels: Sequence[Level] = ()) -> Chart:
    """Lay out `lines` and `levels` on common axes with round ticks; lines without a point are left out."""
    lines = [line for line in lines if line.points]
    xs = [x for line in lines for x, _ in line.points] or [0.0, 1.0]
    ys = [y for line in lines for _, y in line.points] + [level.y for level in levels] or [0.0, 1.0]
    x_ticks, y_ticks = round_ticks(min(xs), max(xs)), round_ticks(min(ys), max(ys))
    x_low, x_high = min(xs[0], *xs), max(*xs, x_ticks[-1] if len(xs) < 2 else max(xs))
    y_low, y_high = min(*ys, y_ticks[0]), max(*ys, y_ticks[-1])

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
    """About `count` round numbers from below `low` to above `high`.

    >>> round_ticks(1.83, 3.4)
    [1.5, 2.0, 2.5, 3.0, 3.5]
    """
    # Below this, ticks would differ only in digits that are not shown, and the logarithm may not exist.
    spread = high - low if high - low > SMALLEST_SPREAD else 1.0
    magnitude: float = 10 ** math.floor(math.log10(spread / count))
    step = min((factor * magnitude for factor in (1, 2, 5, 10)), key=lambda step: abs(spread / step - count))
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(i * step, 10) for i in range(first, last + 1)]


def thin(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most about `most` points: means of equal stretches, at the last x of each."""
    size = max(1, math.ceil(len(points) / most))
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]
