"""Batches: a pure function of (seed, step) that shows each window of an epoch once."""

import numpy as np
import pytest

from poet.errors import DataError
from poet.tokens.batches import Batches

IDS = np.arange(1000, dtype=np.uint16)


def batches(seed=1, ids=IDS):
    return Batches(ids, sequence_len=10, batch_size=4, seed=seed)


def test_targets_are_the_inputs_one_later():
    inputs, targets = batches()[3]
    assert inputs.shape == targets.shape == (4, 10)
    assert (targets == inputs + 1).all()


def test_a_batch_depends_on_seed_and_step_alone():
    forward = [batches()[step][0] for step in range(60)]
    backward = [batches()[step][0] for step in reversed(range(60))]
    assert all((one == other).all() for one, other in zip(forward, reversed(backward), strict=True))
    other_seed = [batches(seed=2)[step][0] for step in range(60)]
    assert any((one != other).any() for one, other in zip(forward, other_seed, strict=True))


def test_an_epoch_visits_every_window_once():
    data = batches()
    starts = [int(row[0]) for step in range(data.windows) for row in data[step][0]]  # four epochs of `windows` rows
    for epoch in range(4):
        seen = starts[epoch * data.windows : (epoch + 1) * data.windows]
        assert len(set(seen)) == data.windows
        assert len({start % 10 for start in seen}) == 1, "windows do not overlap"
    assert starts[: data.windows] != sorted(starts[: data.windows])
    assert len({start % 10 for start in starts}) > 1, "another epoch begins elsewhere"


@pytest.mark.parametrize("length", [20, 21, 39])
def test_the_shortest_texts_stay_inside(length):
    data = batches(ids=IDS[:length])
    assert all(data[step][1].max() < length for step in range(50))


def test_a_text_that_is_too_short_is_told():
    with pytest.raises(DataError, match="19 tokens, too few for windows of sequence_len 10"):
        batches(ids=IDS[:19])
