"""Timing that can be believed: a warm-up, a synchronised clock, the median and the spread."""

import statistics
from collections.abc import Callable


def time_repeats(work: Callable[[], object], clock: Callable[[], float], *, warmup: int, repeats: int) -> list[float]:
    """Seconds that each of `repeats` calls of `work` takes by `clock`, after `warmup` calls that are not counted."""
    for _ in range(warmup):
        work()
    seconds = []
    for _ in range(repeats):
        start = clock()
        work()
        seconds.append(clock() - start)
    return seconds


def median_and_spread(seconds: list[float]) -> tuple[float, float]:
    """The median, and the distance between the quartiles (0 below two values)."""
    if len(seconds) < 2:
        return seconds[0], 0.0
    lower, _, upper = statistics.quantiles(seconds, n=4, method="inclusive")
    return statistics.median(seconds), upper - lower
