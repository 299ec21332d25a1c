"""Likeness of texts: against SciPy's divergence and matrix root, and against figures worked out by hand."""

from collections import Counter

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import jensenshannon

from poet.metrics.likeness import (
    MEASURES,
    MeasuredTexts,
    distances,
    distinct,
    divergence,
    frechet_distance,
    line_lengths,
    marks_after_words,
)


def measured(*texts, vocabulary=("to", "be"), features=None):
    features = np.eye(3) if features is None else features
    return MeasuredTexts(texts=texts, vocabulary=set(vocabulary), features=features)


def test_the_divergence_is_that_of_scipy():
    source = np.random.default_rng(1)
    for _ in range(20):
        one, other = (Counter(map(str, source.integers(0, 12, size=40))) for _ in range(2))
        keys = sorted(one | other)
        expected = jensenshannon([one[key] for key in keys], [other[key] for key in keys], base=2) ** 2
        assert divergence(one, other) == pytest.approx(expected)


def test_nothing_is_as_far_from_something_as_can_be():
    assert divergence(Counter(), Counter()) == 0
    assert divergence(Counter(), Counter("a")) == 1


def test_the_features_distance_is_the_formula_with_scipys_root():
    source = np.random.default_rng(2)
    one, other = source.normal(size=(50, 4)), source.normal(1, 2, size=(70, 4))
    a, b = np.cov(one.T), np.cov(other.T)
    expected = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_distance(one, other) == pytest.approx(expected)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_features_that_only_moved_are_as_far_as_they_moved():
    """Fewer vectors than dimensions, as of short texts: the covariances are singular."""
    one = np.random.default_rng(3).normal(size=(3, 5))
    assert frechet_distance(one, one + np.array([3, 4, 0, 0, 0])) == pytest.approx(25)


def test_what_may_be_a_part_of_a_line_does_not_count():
    assert line_lengths("half a line\nAct one \n\nNo\nhalf a") == [7, 0, 2]
    assert line_lengths("no line end") == []


def test_one_mark_for_each_gap_between_words():
    marks = list(marks_after_words("O, what's here?--[Exit] “Nay,” quoth he. "))
    assert marks == [",", "", "?", "]", ",", ""]


def test_distinct_counts_different_sequences():
    words = "to be or not to be that".split()
    assert distinct(words, 2) == 5 / 6
    assert distinct(words, 4) == 1
    assert distinct(words, 9) == 0


def test_each_distance_by_hand():
    one = measured("x\nTo be, to be\ny")  # five words besides x and y: 1, 2, 2, 2, 2, 1 letters
    other = measured("x\nTo be to see\ny", features=np.eye(3) + np.array([1, 0, 0]))
    found = distances(one, other)
    assert tuple(found) == MEASURES
    lengths = divergence(Counter({"1": 2, "2": 4}), Counter({"1": 2, "2": 3, "3": 1}))
    assert found["word lengths"] == pytest.approx(lengths)
    assert found["line lengths"] == 0, "both lines have twelve characters"
    assert found["punctuation"] == pytest.approx(divergence(Counter({"": 4, ",": 1}), Counter({"": 5})))
    # x to, to be, be to, to be, be y against x to, to be, be to, to see, see y
    assert found["distinct-2"] == pytest.approx(1 - 4 / 5)
    assert found["distinct-4"] == 0
    assert found["known words"] == pytest.approx(4 / 6 - 3 / 6)
    assert found["features"] == pytest.approx(1)


def test_a_longer_text_is_cut_before_its_sequences_are_counted():
    """Else the longer text would seem to repeat itself more."""
    short, long = measured("to be or not"), measured("to be or not to be or not")
    assert distances(short, long)["distinct-2"] == 0
