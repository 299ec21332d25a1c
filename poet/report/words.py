"""Figures as people read them, the same on pages and in a terminal. A value of None was not measured: a dash."""

import datetime
import math

# A bar of full length is at least this share of the text: of nearly nothing, no bar should look like much.
LEAST_SCALE = 0.02


def share(value: float | None) -> str:
    """A share in per cent, with a space that no line break can replace: 0.0312 is `3.1 %`."""
    return "–" if value is None else f"{100 * value:.1f}\N{NO-BREAK SPACE}%"


def points(value: float | None) -> str:
    """A difference of two shares in points, with the sign of minus, and without a sign if it is shown as zero.

    >>> points(0.0312), points(-0.0312), points(-0.0001), points(None)
    ('+3.1', '−3.1', '0.0', '–')
    """
    if value is None:
        return "–"
    shown = f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")
    return "0.0" if shown[1:] == "0.0" else shown


def interval_in_words(interval: tuple[float, float] | None) -> str:
    """The 95 % interval of such a difference: (-0.015, 0.009) is `−1.5 to +0.9`; nothing where there is none."""
    return "" if interval is None else f"{points(interval[0])} to {points(interval[1])}"


def excess_in_words(value: float, interval: tuple[float, float] | None) -> str:
    """What samples copy beyond the authors, in words.

    >>> excess_in_words(0.031, (0.012, 0.05)).partition(",")[0]
    'more than the authors: +3.1 points'
    >>> excess_in_words(-0.004, (-0.015, 0.009)).partition(",")[0]
    'no more than the authors: −0.4 points'
    """
    if interval is None:
        # One sample, or one human passage: the difference may be chance.
        return f"{points(value)} points against the authors, of too few texts for an interval"
    between = f"95\N{NO-BREAK SPACE}% from {interval_in_words(interval)}"
    return f"{degree_of(interval)} than the authors: {points(value)} points, {between}"


def degree_of(interval: tuple[float, float]) -> str:
    """What the 95 % interval of a difference says: "more" if all of it is above 0, "less" if below, else "no more".

    >>> degree_of((0.01, 0.02)), degree_of((-0.2, -0.1)), degree_of((-0.01, 0.02)), degree_of((0.0, 0.1))
    ('more', 'less', 'no more', 'no more')
    """
    low, high = interval
    return "more" if low > 0 else "less" if high < 0 else "no more"


def figure(value: float | None, digits: int = 3) -> str:
    """A number with `digits` decimals: 1.70737 is `1.707`."""
    return "–" if value is None else f"{value:.{digits}f}"


def whole(value: float | None) -> str:
    """A number without decimals: 1592841 is `1,592,841`."""
    return "–" if value is None else f"{value:,.0f}"


def rounded(value: int) -> str:
    """A count as people say it, with two digits.

    >>> [rounded(value) for value in (7, 950, 70_016, 999_999, 2_113_536, 124_000_000, 1_500_000_000)]
    ['7', '950', '70,000', '1.0 million', '2.1 million', '120 million', '1.5 billion']
    """
    # Two digits of 999,999 are a million already.
    value = int(float(f"{value:.2g}"))
    for size, name in ((10**9, " billion"), (10**6, " million")):
        if value >= size:
            return f"{value / size:.1f}{name}" if value < 10 * size else f"{value / size:,.0f}{name}"
    return f"{value:,}"


def day(value: str) -> str:
    """A day as people write it: `26 November 2026`."""
    return f"{datetime.date.fromisoformat(value):%-d %B %Y}"


def significant(value: float | None, digits: int = 3) -> str:
    """A number with `digits` significant digits, and never with fewer than stand before the point.

    >>> [significant(value) for value in (0.10412, 2.34, 12.345, 1234.5, 0.0001234, 0, None)]
    ['0.104', '2.34', '12.3', '1,234', '0.000123', '0', '–']
    """
    if value is None:
        return "–"
    if not value:
        return "0"
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"


def factor(value: float | None) -> str:
    """How many times as long something takes: 2.934 is `2.93`, 12.345 is `12.3`."""
    return "–" if value is None else f"{value:.2f}" if value < 10 else significant(value)


def memory(value: int | None) -> str:
    """A size in memory: 734000000 is `734 MB`, 8100000000 is `8.1 GB`."""
    if value is None:
        return "–"
    size, unit = (value / 1e9, "GB") if value >= 1e9 else (value / 1e6, "MB")
    return f"{size:,.{1 if unit == 'GB' else 0}f}\N{NO-BREAK SPACE}{unit}"
