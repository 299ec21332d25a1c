"""Small plots of growth as SVG files for a page on GitHub: both axes logarithmic, so a power is a straight line.

Each file has a ground of its own and follows the reader's light or dark mode. The same figures give the same bytes.
"""

import math
from collections.abc import Sequence

from markupsafe import escape

from poet.report.growth import Curve, Growth, quiet
from poet.report.words import significant

# The size of a plot in pixels, at which its text is drawn: narrow enough for a phone.
WIDTH, HEIGHT = 360, 260

# Room around the plot for its labels; the legend has a line for each curve above it.
LEFT, RIGHT, TOP, BOTTOM, LINE = 58, 14, 34, 46, 18

# Pixels between the legend and the plot, for half a line of the uppermost label.
BELOW = 10

# Pixels between two labels of the x axis at least.
GAP = 44

# Letters of a curve's name that fit into a line.
NAME = 33

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #67625a; } .title { font-weight: 600; fill: #22201c; }
.ground { fill: #fdfcf8; stroke: #dcd7cb; } .grid { stroke: #dcd7cb; } .line { stroke-width: 2; }
.point { stroke-width: 2; } .reach { stroke-width: 1.5; }
.c0 { stroke: #1f5f9e; fill: #1f5f9e; } .c1 { stroke: #a8540c; fill: #a8540c; } .c2 { stroke: #217a3c; fill: #217a3c; }
.c3 { stroke: #b02a50; fill: #b02a50; } .c4 { stroke: #6a3fb0; fill: #6a3fb0; } .c5 { stroke: #7d6b00; fill: #7d6b00; }
polyline.line, .point.noisy { fill: none; }
@media (prefers-color-scheme: dark) {
text { fill: #a8a196; } .title { fill: #ebe6dc; } .ground { fill: #1b1a18; stroke: #3d3a35; } .grid { stroke: #3d3a35; }
.c0 { stroke: #8cc0f0; fill: #8cc0f0; } .c1 { stroke: #f0b070; fill: #f0b070; } .c2 { stroke: #86d39b; fill: #86d39b; }
.c3 { stroke: #f296b0; fill: #f296b0; } .c4 { stroke: #c3a8f0; fill: #c3a8f0; } .c5 { stroke: #ddcb50; fill: #ddcb50; }
}
"""
COLOURS = 6


class _Scale:
    """A logarithmic axis from `low` to `high` over the pixels from `start` to `end`."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = math.log(min(values)), math.log(max(values))
        # A little room beyond the outer points; a single value stands in the middle.
        room = 0.06 * (high - low) or 0.5
        self.low, self.high, self.start, self.end = low - room, high + room, start, end

    def __call__(self, value: float) -> float:
        share = (math.log(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Round values on the axis: powers of ten, with twos and fives between them where those are few."""
        decades = range(math.floor(self.low / math.log(10)) - 1, math.ceil(self.high / math.log(10)) + 1)
        for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
            found = [step * 10.0**decade for decade in decades for step in steps]
            found = [value for value in found if self.low <= math.log(value) <= self.high]
            if len(found) >= 3:
                break
        return found


def draw_growth(growth: Growth) -> str:
    """The SVG of a plot."""
    points = [point for curve in growth.curves for point in curve.points]
    legend = LINE * len(growth.curves)
    top, height = TOP + legend + BELOW, HEIGHT + legend
    right, bottom = WIDTH - RIGHT, height - BOTTOM
    x = _Scale([point.x for point in points], LEFT, right)
    y = _Scale([value for point in points for value in (point.y, point.low, point.high)], bottom, top)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" aria-label="{_text(growth.title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        f'<text class="title" x="12" y="22">{_text(growth.title)}</text>',
    ]
    for value in y.ticks():
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y(value)}" y2="{y(value)}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 4.5:.1f}" text-anchor="end">{_label(value)}</text>')
    last = -math.inf
    for value in dict.fromkeys(point.x for point in sorted(points, key=lambda point: point.x)):
        if x(value) - last >= GAP:
            last = x(value)
            parts.append(f'<line class="grid" x1="{last}" x2="{last}" y1="{bottom}" y2="{bottom + 4}"/>')
            parts.append(f'<text x="{last}" y="{bottom + 18}" text-anchor="middle">{_label(value)}</text>')
    middle = (LEFT + right) / 2
    parts.append(f'<text x="{middle}" y="{height - 10}" text-anchor="middle">{_text(growth.x_label)}</text>')
    for number, curve in enumerate(growth.curves):
        parts += _draw_curve(curve, f"c{number % COLOURS}", x, y, TOP + LINE * (number + 0.5))
    return "\n".join([*parts, "</svg>", ""])


def _draw_curve(curve: Curve, colour: str, x: _Scale, y: _Scale, legend: float) -> list[str]:
    """A curve with its points, their whiskers and its line of the legend; noisy points are hollow, beside the curve."""
    path = " ".join(f"{x(point.x)},{y(point.y)}" for point in quiet(curve.points))
    parts = [f'<polyline class="line {colour}" points="{path}"/>'] if path else []
    for point in curve.points:
        kind = f"point {colour}{' noisy' if point.noisy else ''}"
        if point.low < point.high:
            at = x(point.x)
            parts.append(f'<line class="reach {colour}" x1="{at}" x2="{at}" y1="{y(point.low)}" y2="{y(point.high)}"/>')
        parts.append(f'<circle class="{kind}" cx="{x(point.x)}" cy="{y(point.y)}" r="3"/>')
    name = curve.name if len(curve.name) <= NAME else f"{curve.name[: NAME - 1]}…"
    words = f"{name}: power {curve.power:.2f}" if curve.power is not None else name
    parts.append(f'<circle class="point {colour}" cx="17" cy="{legend}" r="3"/>')
    parts.append(f'<text x="26" y="{legend + 4.5}">{_text(words)}</text>')
    return parts


def _text(words: str) -> str:
    """`words` as XML: a control character would make the whole picture unreadable."""
    return str(escape("".join(char if char.isprintable() else " " for char in words)))


def _label(value: float) -> str:
    """A tick in few letters.

    >>> [_label(value) for value in (0.02, 1.5, 16, 20_000, 256_000, 10**8)]
    ['0.02', '1.5', '16', '20k', '256k', '100M']
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            size = 1e3 if letter == "k" else size
            return f"{_short(value / size)}{letter}"
    return _short(value)


def _short(value: float) -> str:
    words = significant(value)
    return words.rstrip("0").rstrip(".") if "." in words else words
