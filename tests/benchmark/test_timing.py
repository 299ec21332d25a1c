"""Timings: warm-up calls are not counted, a disturbed call moves neither the median nor the quartiles."""

import pytest

from poet.benchmark.timing import median_and_spread, time_for, time_repeats


def test_each_call_is_timed_alone_after_the_warm_up():
    calls, clock = [], iter([0.0, 1.0, 10.0, 13.0, 20.0, 22.0])
    assert time_repeats(lambda: calls.append(1), lambda: next(clock), warmup=2, repeats=3) == [1.0, 3.0, 2.0]
    assert len(calls) == 5


def test_the_clock_is_read_around_the_work_only():
    """The warm-up reads no clock: a GPU's would wait there."""
    events = []

    def clock():
        events.append("clock")
        return float(len(events))

    time_repeats(lambda: events.append("work"), clock, warmup=1, repeats=2)
    assert events == ["work", "clock", "work", "clock", "clock", "work", "clock"]


@pytest.mark.parametrize(
    ("seconds", "expected"), [([2.0], (2.0, 0.0)), ([1.0, 3.0], (2.0, 1.0)), ([1.0] * 9 + [50.0], (1.0, 0.0))]
)
def test_median_and_spread(seconds, expected):
    assert median_and_spread(seconds) == expected


def test_short_calls_are_timed_together():
    """A call takes 10 ms, the first of all a second: after a warm-up of two, ten calls make the 0.1 s of a timing."""
    calls, clock = [], [0.0]

    def work():
        clock[0] += 1.0 if not calls else 0.01
        calls.append(1)

    timed = time_for(work, lambda: clock[0], 0.35, warmup=2, least=3, most=9, shortest=0.1)
    assert timed == pytest.approx([0.01] * 4) and len(calls) == 2 + 4 * 10


def test_a_long_call_is_timed_alone_and_not_more_often_than_asked_for():
    clock = iter(range(100))
    assert time_for(lambda: None, lambda: next(clock), 100.0, warmup=1, least=1, most=3, shortest=0.1) == [1, 1, 1]
