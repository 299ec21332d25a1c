"""Is a timing a fact about this machine, or about what else the machine did meanwhile? Signs of the latter.

A noisy figure is still recorded and shown, with a mark, the reason and the load; but nothing is compared by it.
"""

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from poet.results.benchmark import TOLERANCE

# Linux counts there how long its processors were busy, with the work of all processes.
PROCESSOR_TIMES = Path("/proc/stat")


def relative_spread(seconds: Sequence[float]) -> float:
    """The distance between the 5th and the 95th percentile, as a share of the median; 0 for a single value.

    >>> relative_spread([1.0, 1.0, 1.0, 1.0, 2.0])
    0.8
    """
    if len(seconds) < 2:
        return 0.0
    twentieths = statistics.quantiles(seconds, n=20, method="inclusive")
    return round((twentieths[-1] - twentieths[0]) / statistics.median(seconds), 4)


def load_average() -> float | None:
    """The processes that ran or waited for a processor, on average over the last minute; None on Windows.

    It is shown, but decides nothing: the last minute may have been our own stages', which ended before the timing.
    """
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


class OtherWork:
    """The processors that all other processes keep busy, on average, from the making of this object on."""

    def __init__(self) -> None:
        self.start = _times()

    def cores(self) -> float | None:
        """How many processors they keep busy; None where the system does not tell (all but Linux)."""
        everything, own, clock = _times()
        if everything is None or self.start[0] is None:
            return None
        # The system counts in ticks of 10 ms, this process in nanoseconds: the difference may be a hair below 0.
        others = (everything - self.start[0]) - (own - self.start[1])
        return round(max(0.0, others / (clock - self.start[2])), 2)


def _times() -> tuple[float | None, float, float]:
    """Seconds for which all processors together were busy, seconds for which this process kept them so, the clock."""
    own, clock = time.process_time(), time.perf_counter()
    try:
        # For example "cpu  4705 150 1120 16250 520 30 45 12 0 0", in ticks; the first line sums up all processors.
        words = PROCESSOR_TIMES.read_text(encoding="ascii").partition("\n")[0].split()
        user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen = map(int, words[1:9])
    except (OSError, ValueError):
        return None, own, clock
    # Stolen is what the host of a virtual machine gave to other machines: it is missing here as well.
    ticks = user + nice + system + interrupts + soft_interrupts + stolen
    return ticks / os.sysconf("SC_CLK_TCK"), own, clock


def signs_of_noise(spreads: dict[str, float], other_cores: float | None, threads: int, cores: int) -> list[str]:
    """Why figures are noisy, in words; empty if nothing speaks against them.

    `spreads` are relative spreads by what was timed. `threads` ran on `cores` processors, of which the work of others
    took `other_cores`.

    >>> signs_of_noise({"training": 0.03, "generation": 0.31}, other_cores=0.05, threads=2, cores=2)
    ['the middle 90 % of the calls of generation differ by 31 %']
    >>> signs_of_noise({"training": 0.03}, other_cores=1.6, threads=2, cores=2)
    ['other work took 1.6 of the 2 cores, so 2 threads did not fit beside it']
    """
    signs = [
        f"the middle 90 % of the calls of {what} differ by {100 * spread:.0f} %"
        for what, spread in spreads.items()
        if spread > TOLERANCE
    ]
    # Other work disturbs only when it wants more processors than the threads leave.
    if other_cores is not None and threads + other_cores > cores + TOLERANCE:
        plural = "thread" if threads == 1 else "threads"
        signs.append(
            f"other work took {other_cores:.1f} of the {cores} cores, so {threads} {plural} did not fit beside it"
        )
    return signs


def slower_with_more_threads(seconds: dict[int, float]) -> dict[int, str]:
    """By number of threads, why its figure is noisy: `seconds` by number of threads, of the same work.

    More threads are slower where other work disturbs them, and where the work is too small to be divided.

    >>> slower_with_more_threads({1: 0.1, 2: 0.5, 4: 0.09})
    {2: '2 threads took 5.0 times as long as 1: the machine was busy, or the work is too small to be divided'}
    """
    signs = {}
    for threads, duration in seconds.items():
        fewer = {count: other for count, other in seconds.items() if count < threads}
        fastest = min(fewer, key=fewer.__getitem__, default=None)
        if fastest is not None and duration > fewer[fastest] * (1 + TOLERANCE):
            signs[threads] = (
                f"{threads} threads took {duration / fewer[fastest]:.1f} times as long as {fastest}: the machine was "
                "busy, or the work is too small to be divided"
            )
    return signs
