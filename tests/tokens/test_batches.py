"""Batches: a pure function of (seed, step) that shows each window of an epoch once."""

import numpy as np
import pytest
import torch

from poet.errors import DataError
from poet.tokens.batches import Batches

IDS = np.arange(1000, dtype=np.uint16)


def batches(seed=1, ids=IDS, sequence_len=10, **more):
    return Batches(ids, sequence_len=sequence_len, batch_size=4, seed=seed, **more)


def starts(data, epochs):
    """Where the windows of the first epochs begin, an epoch a list."""
    rows = (int(row[0]) for step in range(data.windows * epochs) for row in data[step][0])
    return [[next(rows) for _ in range(data.windows)] for _ in range(epochs)]


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
    for epoch in starts(batches(), 4):
        assert len(set(epoch)) == len(epoch)
        assert len({start % 10 for start in epoch}) == 1, "windows do not overlap"
        assert epoch != sorted(epoch)


def test_every_position_begins_an_epoch_before_one_does_again():
    classes = [epoch[0] % 10 for epoch in starts(batches(), 30)]
    cycles = [classes[i : i + 10] for i in (0, 10, 20)]
    assert all(sorted(cycle) == list(range(10)) for cycle in cycles)
    assert len({tuple(cycle) for cycle in cycles}) == 3


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_share_the_global_batch_without_overlap(ranks):
    whole, parts = batches(), [batches(rank=rank, ranks=ranks) for rank in range(ranks)]
    for step in range(40):
        for of_whole, *of_parts in zip(whole[step], *(part[step] for part in parts), strict=True):
            assert torch.equal(of_whole, torch.cat(of_parts))


def test_a_batch_that_ranks_cannot_share_is_told():
    with pytest.raises(DataError, match="batch_size 4 cannot be shared by 3"):
        batches(ranks=3)


def test_long_windows_hold_consecutive_ones():
    """What a model with state needs: the parts of a row follow each other in the text."""
    inputs, _ = batches(sequence_len=30)[5]
    first, second, third = inputs.chunk(3, dim=1)
    assert torch.equal(second[:, 0], first[:, -1] + 1)
    assert torch.equal(third[:, 0], second[:, -1] + 1)


def test_weights_say_how_often_a_book_is_read():
    first_tokens = [0, 300, 610]
    books = [{"token": first, "weight": weight} for first, weight in zip(first_tokens, (1.0, 3.0, 0.5), strict=True)]
    read = np.zeros(3)
    for epoch in starts(batches(books=books), 20):
        windows, times = np.unique([start - start % 10 for start in epoch], return_counts=True)
        book_of = np.searchsorted(first_tokens, windows, side="right") - 1
        assert set(times[book_of == 0]) == {1} and set(times[book_of == 1]) == {3} and set(times[book_of == 2]) == {1}
        read += np.bincount(book_of, weights=times)
    assert (read / 20).tolist() == [30, 93, 19]


@pytest.mark.parametrize("length", [20, 21, 39])
def test_the_shortest_texts_stay_inside(length):
    data = batches(ids=IDS[:length])
    assert all(data[step][1].max() < length for step in range(50))


def test_a_text_that_is_too_short_is_told():
    with pytest.raises(DataError, match="19 tokens, too few for windows of sequence_len 10"):
        batches(ids=IDS[:19])
