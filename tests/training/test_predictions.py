"""What teachers expect: against a pass over each window alone, kept whole or not at all, found at the right place."""

import dataclasses
import os
import signal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from poet.benchmark import space
from poet.errors import Interrupted
from poet.tokens.batches import Batches
from poet.training import predictions
from poet.training.distributed import World
from poet.training.predictions import Predictions, open_predictions, write_predictions
from tests.tiny import CONFIG, VOCAB_SIZE, generator, tiny_model

WORLD = World(device=torch.device("cpu"))
KEPT = 5


@pytest.fixture
def few(monkeypatch):
    """Five tokens are kept, of a vocabulary of forty, and batches have two windows."""
    monkeypatch.setattr(predictions, "KEPT", KEPT)
    monkeypatch.setattr(predictions, "BATCH", 2)


def text(length):
    return torch.randint(VOCAB_SIZE, (length,), generator=generator(3)).numpy().astype(np.uint16)


def two_teachers():
    return [tiny_model(), tiny_model(dataclasses.replace(CONFIG, n_layer=3)).requires_grad_(False)]


@torch.no_grad()
def by_hand(teachers, ids, position, start):
    """The mean probabilities behind `position` of a window that begins at `start`."""
    window = torch.from_numpy(ids[start : position + 1].astype(np.int64))[None]
    return torch.stack([teacher(window)[0, -1].softmax(-1) for teacher in teachers]).mean(0)


@pytest.mark.parametrize("length", [24, 25, 61, 100])
def test_each_token_has_the_mean_of_all_teachers_and_a_quarter_of_a_window_before_it(tmp_path, few, length):
    ids, teachers, T = text(length), two_teachers(), CONFIG.sequence_len
    write_predictions(teachers, ids, tmp_path / "kept", world=WORLD, dtype=torch.float32)
    kept = open_predictions(tmp_path / "kept", WORLD)
    assert kept.tokens.shape == kept.probabilities.shape == (length - 1, KEPT) and kept.tokens.dtype == ids.dtype
    for position in range(length - 1):
        tokens, probabilities = torch.from_numpy(kept.tokens[position].astype(np.int64)), kept.probabilities[position]
        # The window is not known here: one of those that reach back far enough must give what was kept.
        starts = range(max(0, position - T + 1), max(0, position - T // 4) + 1)
        expected = [by_hand(teachers, ids, position, start) for start in starts]
        assert any(
            np.allclose(one[tokens], probabilities, atol=1e-3)
            and set(one.topk(KEPT).indices.tolist()) == {*tokens.tolist()}
            for one in expected
        ), position


@settings(max_examples=30, deadline=None)
@given(st.integers(24, 90), st.integers(0, 30), st.integers(1, 2))
def test_each_row_of_a_batch_gets_what_is_expected_behind_its_own_tokens(length, step, windows):
    """Predictions that name their own position: the batch must hold the tokens of just these positions."""
    ids = np.arange(length)
    named = Predictions(tokens=ids[:-1, None] + 1, probabilities=np.ones((length - 1, 1), np.float16))
    batches = Batches(ids, sequence_len=6 * windows, batch_size=3, seed=5)
    inputs, targets = batches[step]
    found = named.at(batches.starts(step), inputs.shape[1], torch.device("cpu"))
    assert torch.equal(found.tokens[..., 0], targets) and found.probabilities.shape == (*inputs.shape, 1)


def test_a_whole_vocabulary_smaller_than_what_is_kept(tmp_path):
    ids = text(40)
    write_predictions([tiny_model()], ids, tmp_path / "kept", world=WORLD, dtype=torch.float32)
    kept = open_predictions(tmp_path / "kept", WORLD)
    assert kept.tokens.shape == (39, VOCAB_SIZE)
    np.testing.assert_allclose(kept.probabilities.sum(1, dtype=np.float64), 1, atol=2e-3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_nothing_is_left_but_one_sentence(tmp_path, few, monkeypatch, number):
    compute = predictions._expected

    def compute_and_interrupt(*arguments):
        signal.raise_signal(number)
        return compute(*arguments)

    monkeypatch.setattr(predictions, "_expected", compute_and_interrupt)
    with pytest.raises(Interrupted, match=f"stopped by {number.name} before the model's first step; `dvc repro`"):
        write_predictions(two_teachers(), text(60), tmp_path / "kept", world=WORLD, dtype=torch.float32)
    assert not list(tmp_path.iterdir()) and open_predictions(tmp_path / "kept", WORLD) is None


def test_what_a_killed_process_left_is_removed(tmp_path, few):
    leftover = tmp_path / f".kept.{os.getpid() + 1}.tmp"
    leftover.mkdir()
    (leftover / predictions.TOKENS).write_bytes(b"half")
    write_predictions(two_teachers(), text(40), tmp_path / "kept", world=WORLD, dtype=torch.float32)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_the_estimate_of_the_disk_is_what_they_take(tmp_path):
    ids = text(500)
    write_predictions([tiny_model()], ids, tmp_path / "kept", world=WORLD, dtype=torch.float32)
    meta = {"vocab_size": VOCAB_SIZE, "dtype": "uint16", "splits": {"train": {"tokens": len(ids)}}}
    taken = sum(path.stat().st_size for path in (tmp_path / "kept").iterdir())
    assert taken == pytest.approx(space.prediction_bytes(meta), rel=0.02)
    assert space.EXPECTED == predictions.KEPT
