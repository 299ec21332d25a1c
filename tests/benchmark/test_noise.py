"""Noise: timings beside other work, real and made up, are marked; timings of a quiet machine are not."""

import subprocess
import sys
import time

import pytest

from poet.benchmark import noise
from poet.benchmark.noise import OtherWork, load_average, relative_spread, signs_of_noise, slower_with_more_threads


def test_the_work_of_another_process_is_seen_and_our_own_is_not():
    if not noise.PROCESSOR_TIMES.exists():
        pytest.skip("only Linux tells how busy its processors are")
    before, start = OtherWork(), time.process_time()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        work = OtherWork()
        time.sleep(0.5)
        busy = work.cores()
        other.kill()
    # The other process got at least a share of one processor, however busy the machine is.
    assert busy > 0.1
    while time.process_time() - start < 0.3:  # our own work
        pass
    everything, own, clock = (now - then for now, then in zip(noise._times(), before.start, strict=True))
    assert before.cores() == pytest.approx((everything - own) / clock, abs=0.1)
    assert own > 0.2


def test_other_work_is_what_is_left_of_the_busy_time(monkeypatch, tmp_path):
    times = iter([(100.0, 1.0, 0.0), (112.0, 5.0, 4.0)])
    monkeypatch.setattr(noise, "_times", lambda: next(times))
    assert OtherWork().cores() == 2.0  # 12 s of processors, 4 of them ours, in 4 s


@pytest.mark.parametrize("content", [None, "cpu 1 2\n", "kpu a b c d e f g h\n"])
def test_where_the_system_does_not_tell_nothing_is_said(monkeypatch, tmp_path, content):
    path = tmp_path / "stat"
    if content is not None:
        path.write_text(content, encoding="ascii")
    monkeypatch.setattr(noise, "PROCESSOR_TIMES", path)
    assert OtherWork().cores() is None
    assert signs_of_noise({"training": 0.1}, None, 2, 2) == []


def test_without_load_average_there_is_none(monkeypatch):
    monkeypatch.delattr(noise.os, "getloadavg")
    assert load_average() is None


def test_the_spread_is_that_of_the_middle_nine_tenths():
    assert relative_spread([0.5]) == 0
    assert relative_spread([2.0, 2.1, 1.9, 2.0, 2.0]) < 0.1
    assert relative_spread([0.23, 0.25, 0.8, 0.24, 0.22]) > 1, "larger than the median"


@pytest.mark.parametrize(
    ("other", "threads", "cores", "is_noisy"),
    [(0.1, 2, 2, False), (0.5, 2, 2, True), (0.9, 1, 2, False), (1.9, 1, 2, True), (30.0, 4, 64, False)],
)
def test_other_work_disturbs_where_the_threads_do_not_fit_beside_it(other, threads, cores, is_noisy):
    assert bool(signs_of_noise({}, other, threads, cores)) == is_noisy


def test_more_threads_are_compared_with_the_fastest_of_fewer():
    assert slower_with_more_threads({1: 1.0, 2: 0.6, 4: 0.62}) == {}
    assert list(slower_with_more_threads({1: 1.0, 2: 0.6, 4: 0.8})) == [4]
    assert slower_with_more_threads({1: 1.0}) == {}
