"""Timings that can be trusted: a warm-up, a synchronised clock, the median and the spread."""

import math
import statistics
from collections.abc import Callable, Sequence


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
    return [_time(work, clock) for _ in range(repeats)]


def time_for(
    work: Callable[[], object],
    clock: Callable[[], float],
    seconds: float,
    *,
    warmup: int,
    least: int,
    most: int,
    shortest: float = 0.0,
) -> list[float]:
    """As `time_repeats`, with as many calls as fit into `seconds`, but `least` at least and `most` at most.

    A call that takes less than `shortest` seconds is timed together with others, and each of them counts as taking the
    mean: what moves a millisecond says nothing about the machine. The last call of the warm-up tells how many.

    >>> times = iter([0.0, 1.0, 1.0, 2.0, 2.0, 4.0])
    >>> time_for(lambda: None, lambda: next(times), seconds=0.5, warmup=1, least=2, most=9)
    [1.0, 2.0]
    """
    for _ in range(max(0, warmup - 1)):
        work()
    together = max(1, math.ceil(shortest / max(_time(work, clock), 1e-6))) if warmup else 1
    timed: list[float] = []
    spent = 0.0
    while len(timed) < least or (len(timed) < most and spent < seconds):
        taken = _time(lambda: [work() for _ in range(together)], clock)
        timed.append(taken / together)
        spent += taken
    return timed


def _time(work: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return clock() - start


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


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """The 5th and the 95th percentile.

    >>> percentiles([1.0, 2.0, 3.0])
    (1.1, 2.9)
    """
    if len(seconds) < 2:
        return seconds[0], seconds[0]
    twentieths = statistics.quantiles(seconds, n=20, method="inclusive")
    return twentieths[0], twentieths[-1]
