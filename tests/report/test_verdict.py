"""The sentences at the top of a page say what the figures say."""

import dataclasses

import pytest

from poet.report.verdict import progress, quality, repetition
from tests.report.shelf import made_up_results


@pytest.fixture
def metrics():
    return made_up_results(samples=0).copying.samples


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((0.001, 0.02), "more than"),
        ((-0.004, 0.03), "no more than"),
        ((-0.3, -0.1), "less than"),
    ],
)
def test_the_verdict_on_copying_follows_the_interval(metrics, interval, words):
    said = repetition(dataclasses.replace(metrics, excess_interval=interval), metrics)
    assert said.startswith(f"It repeats its books {words} people do: 3.3\N{NO-BREAK SPACE}% of its text, against 3.3")


def test_without_an_interval_or_people_nothing_is_claimed(metrics):
    few = repetition(dataclasses.replace(metrics, excess_interval=None), metrics)
    assert few.startswith("The texts are too few to say")
    assert "there is no human text to compare with" in repetition(metrics, None)


def test_equal_figures_are_not_better():
    assert "not so well as the compressor xz (2.00)" in quality(2.0, {"xz": 2.0})
    assert quality(2.0, {}) == "It predicts unseen text at 2.00 bits per character."
    assert progress(2.0, {"xz": 2.0}) == "2.00 bits per character: not yet so good as xz"
