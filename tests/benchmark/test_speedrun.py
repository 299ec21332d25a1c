"""The speedrun: it trains for the time that it was given, and says when it reached the target."""

import itertools

import pytest

from poet.benchmark import speedrun as module
from poet.benchmark.speedrun import RECIPES, modern, schedule_factor, speedrun
from poet.training.schedule import learning_rate_factor
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
    monkeypatch.setattr(module.OtherWork, "cores", lambda self: 1.6)


@pytest.mark.parametrize("preset", RECIPES)
def test_it_trains_for_the_time_and_no_longer(ticks, preset):
    result = speedrun(babble(1, 600), RECIPES[preset](2.0), 2.0, target=0.0)
    assert 2.0 <= result.seconds <= 2.2
    assert result.steps == pytest.approx(20, abs=1), "the clock is read once a step"
    assert result.compile_seconds == pytest.approx(0.1)
    assert result.reached_at is None, "there was no target"
    assert result.other_cores == 1.6, "who reads the figures learns what else the machine did"


def test_it_says_when_the_target_was_reached(ticks, monkeypatch):
    losses, text = iter([3.0, 2.0, 1.0, 0.5]), babble(1, 600)
    # Losses are per character, however many tokens stand for them.
    characters = len(text) - int(len(text) * module.TRAINING_SHARE)
    monkeypatch.setattr(module, "total_nats", lambda model, ids, **_: next(losses) * characters)
    result = speedrun(text, modern(1.0), 1.0, target=2.0)
    assert 0 < result.reached_at < result.seconds
    assert result.loss == 1.0, "after the target it validates once more, at the end"


def test_a_run_of_few_seconds_does_not_spend_them_on_compiling(ticks, monkeypatch):
    compiled = []
    monkeypatch.setattr(module, "compile_blocks", lambda trainer, *batch: compiled.append(True))
    speedrun(babble(1, 600), modern(1.0), 1.0, target=0.0)
    assert not compiled
    speedrun(babble(1, 600), modern(10.0), 0.5, target=0.0)
    assert compiled


def test_another_seed_is_another_run(ticks):
    losses = [speedrun(babble(1, 600), modern(1.0), 0.5, target=0.0, seed=seed).loss for seed in (1, 1, 2)]
    # The clock goes on between the runs, so their learning rates differ by rounding.
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)
    assert losses[0] != pytest.approx(losses[2], abs=1e-3)


def test_a_target_out_of_reach_is_never_reached(ticks):
    assert speedrun(babble(1, 600), modern(1.0), 1.0, target=1e-6).reached_at is None


@pytest.mark.parametrize("preset", RECIPES)
def test_the_schedule_is_that_of_the_recipe(preset):
    """Warm-up and cool-down are shares of the time: the same factors as for a training whose steps are known."""
    recipe, steps = RECIPES[preset](3.5), 1000
    warmup = round(recipe.warmup * steps)
    for step in range(0, steps, 7):
        planned = learning_rate_factor(step, steps, warmup, recipe.cooldown)
        assert schedule_factor(recipe, step / steps) == pytest.approx(planned, abs=1.2 / warmup)
    plateau = (recipe.warmup + 1 - recipe.cooldown) / 2
    assert schedule_factor(recipe, 0.0) < 0.01
    assert schedule_factor(recipe, plateau) == 1
    assert schedule_factor(recipe, 1 - recipe.cooldown / 2) == pytest.approx(0.5, abs=1e-3)


def test_every_step_has_the_learning_rate_of_its_time(ticks, monkeypatch):
    """Ten steps of a tenth of the time each: the factors that the trainer gets rise, stay, and fall."""
    factors, take = [], module.Trainer.step

    def step(trainer, inputs, targets, factor, number):
        factors.append(factor)
        return take(trainer, inputs, targets, factor, number)

    monkeypatch.setattr(module.Trainer, "step", step)
    recipe = modern(1.0)
    speedrun(babble(1, 600), recipe, 1.0, target=0.0)
    assert factors[0] == pytest.approx(schedule_factor(recipe, 0.1)) == 1
    assert factors[-1] < 0.4
    assert factors == sorted(factors, reverse=True) and factors.count(1.0) >= 3
