"""The bars and the ruler of the first screen: what is longer is more, and nothing leaves its place."""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.report.glance import LABEL, compare, ruler
from tests.report.shelf import made_up_results

BITS = st.floats(0.01, 20)


@given(BITS, st.dictionaries(st.sampled_from(["xz", "ppmd", "zpaq"]), BITS), st.lists(BITS, max_size=5))
def test_marks_stand_in_the_order_of_their_values_and_labels_do_not_meet(ours, compressors, runs):
    evaluation = dataclasses.replace(
        made_up_results(samples=0).evaluation, bits_per_character=ours, compressors=compressors
    )
    marks = ruler(evaluation, runs)
    assert sorted(marks, key=lambda mark: mark.value) == sorted(marks, key=lambda mark: (mark.at, mark.value))
    assert all(0 <= mark.at <= 100 for mark in marks)
    assert [mark.label for mark in marks if mark.kind == "model"] == [f"this model {ours:.2f}"]
    for row in (0, 1):
        places = sorted(mark.at for mark in marks if mark.label and mark.row == row)
        assert all(later - earlier >= LABEL for earlier, later in itertools.pairwise(places))


@pytest.mark.parametrize(("model", "human"), [(0.0, 0.0), (0.05, 0.01), (0.0, 0.02)])
def test_the_longest_bar_is_whole(model, human):
    metrics = made_up_results(samples=0).copying.samples
    metrics = dataclasses.replace(metrics, excess_interval=None)
    samples, people = (
        dataclasses.replace(metrics, share_at=metrics.share_at | {30: share}) for share in (model, human)
    )
    bars = compare(samples, people)
    assert max(bars.model, bars.human) == (100 if model or human else 0) and bars.interval is None


def test_the_interval_is_drawn_around_what_people_copy():
    metrics = made_up_results(samples=0).copying.samples
    samples = dataclasses.replace(metrics, share_at=metrics.share_at | {30: 0.03}, excess_interval=(-0.01, 0.02))
    human = dataclasses.replace(metrics, share_at=metrics.share_at | {30: 0.02})
    assert compare(samples, human) == dataclasses.replace(
        compare(samples, human), model=75, human=50, interval=(25, 100)
    )
