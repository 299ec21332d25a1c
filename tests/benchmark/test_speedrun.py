"""The speedrun: it trains for the time that it was given, and says when it reached the target."""

import itertools

import pytest

from poet.benchmark import speedrun as module
from poet.benchmark.speedrun import RECIPES, modern, speedrun
from tests.texts import babble


@pytest.fixture
def ticks(monkeypatch):
    """A clock that moves by a tenth of a second at each look, and a compiler that does nothing."""
    seconds = itertools.count(step=0.1)

    def clock(device):
        return next(seconds)

    monkeypatch.setattr(module, "now", clock)
    monkeypatch.setattr("poet.device.device.now", clock)
    monkeypatch.setattr(module, "compile_blocks", lambda trainer, *batch: True)


@pytest.mark.parametrize("preset", RECIPES)
def test_it_trains_for_the_time_and_no_longer(ticks, preset):
    result = speedrun(babble(1, 600), RECIPES[preset](2.0), 2.0, target=0.0)
    assert 2.0 <= result.seconds <= 2.2
    assert result.steps == pytest.approx(20, abs=1), "the clock is read once a step"
    assert result.compile_seconds == pytest.approx(0.1)
    assert result.reached_at is None, "there was no target"


def test_it_says_when_the_target_was_reached(ticks, monkeypatch):
    losses = iter([3.0, 2.0, 1.0, 0.5])
    monkeypatch.setattr(module, "total_nats", lambda model, ids, **_: next(losses) * len(ids))
    result = speedrun(babble(1, 600), modern(1.0), 1.0, target=2.0)
    assert 0 < result.reached_at < result.seconds
    assert result.loss == 1.0, "after the target it validates once more, at the end"


def test_a_target_out_of_reach_is_never_reached(ticks):
    assert speedrun(babble(1, 600), modern(1.0), 1.0, target=1e-6).reached_at is None
