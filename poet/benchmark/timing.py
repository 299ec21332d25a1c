"""Timings that can be trusted: a warm-up, a synchronised clock, the median and the spread."""

import statistics
from collections.abc import Callable


def time_repeats(work: Callable[[], object], clock: Callable[[], float], *, warmup: int, repeats: int) -> list[float]:
    """The seconds that each of `repeats` calls of `work` takes, after `warmup` calls that are not counted.

    `clock` returns seconds. For a GPU it must wait until the queued work is done (`poet.device.device.now`).

    >>> times = iter([0.0, 1.5, 10.0, 12.0])
    >>> time_repeats(lambda: None, lambda: next(times), warmup=1, repeats=2)
    [1.5, 2.0]
    """
    # First calls are slower: caches are cold, memory is new, kernels are chosen.
    for _ in range(warmup):
        work()
    seconds = []
    for _ in range(repeats):
        start = clock()
        work()
        seconds.append(clock() - start)
    return seconds


def median_and_spread(seconds: list[float]) -> tuple[float, float]:
    """The median, and the distance between the quartiles (0 for a single value).

    Neither moves when a few calls are disturbed by other work of the machine; mean and deviation would.

    >>> median_and_spread([1.0, 2.0, 3.0, 4.0, 100.0])
    (3.0, 2.0)
    """
    if len(seconds) < 2:
        return seconds[0], 0.0
    lower, _, upper = statistics.quantiles(seconds, n=4, method="inclusive")
    return statistics.median(seconds), upper - lower
