"""Bits per character: every token is scored once, with the context that the stride promises."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from poet.metrics import bits
from poet.metrics.bits import BATCH, _window_batches, split_metrics, text_metrics, total_nats
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig
from poet.tokens.token_files import TextCounts, TokenData
from tests.tiny import VARIANTS, VOCAB_SIZE, generator, tiny_model


def random_ids(length):
    return np.random.default_rng(0).integers(VOCAB_SIZE, size=length).astype(np.uint16)


@given(st.integers(1, 200), st.integers(2, 20), st.floats(0.05, 1))
def test_each_token_is_scored_once_with_context(length, sequence_len, stride):
    step = max(1, round(sequence_len * stride))
    scored = []
    for windows, scored_from in _window_batches(length, sequence_len, stride):
        assert len(windows) <= BATCH
        for window in windows:
            targets = window[scored_from + 1 :].tolist()
            scored += targets
            assert (np.diff(window) == 1).all()
            # A later window goes on by one step at most, so that all but `step` of its tokens are context.
            if window[0] > 0:
                assert len(window) == sequence_len + 1
                assert len(targets) <= step and scored_from >= sequence_len - step
    assert scored == list(range(1, length))


def one_window_at_a_time(model, ids, step):
    """Nats in the slow obvious way: a window after the other, and in each all tokens that none has scored yet."""
    total, scored, start = math.log(model.vocab_size), 1, 0
    while scored < len(ids):
        window = torch.from_numpy(ids[start : start + model.config.sequence_len + 1].astype(np.int64))
        with torch.no_grad():
            logits = model(window[None, :-1])[0]
        nats = F.cross_entropy(logits, window[1:], reduction="none")  # of the tokens start + 1, start + 2, ...
        total += nats[scored - start - 1 :].sum().item()
        scored = start + len(window)
        start = min(start + step, len(ids) - model.config.sequence_len - 1)
    return total


# 12 tokens in a window of the tiny model; 500 tokens are more windows than one batch.
@pytest.mark.parametrize(("stride", "step"), [(1.0, 12), (0.5, 6), (0.25, 3), (0.01, 1)])
@pytest.mark.parametrize("length", [2, 12, 13, 14, 31, 500])
def test_nats_equal_those_of_one_window_at_a_time(model, stride, step, length):
    ids = random_ids(length)
    expected = one_window_at_a_time(model, ids, step)
    assert total_nats(model, ids, stride=stride, dtype=torch.float32) == pytest.approx(expected, rel=1e-5)


def test_windows_of_a_large_vocabulary_are_scored_a_few_at_a_time(model, monkeypatch):
    """The logits of three windows of 12 positions fit here."""
    expected, sizes = total_nats(model, random_ids(200), stride=0.5, dtype=torch.float32), set()
    monkeypatch.setattr(bits, "MAX_LOGITS", 3 * 12 * VOCAB_SIZE + 1)
    model.register_forward_hook(lambda _, inputs, logits: sizes.add(len(logits)))
    assert total_nats(model, random_ids(200), stride=0.5, dtype=torch.float32) == pytest.approx(expected, rel=1e-5)
    assert max(sizes) == 3


def test_another_stride_gives_other_nats(model):
    """What the test above would not notice if the context made no difference."""
    ids = random_ids(100)
    nats = {round(total_nats(model, ids, stride=stride, dtype=torch.float32), 3) for stride in (1.0, 0.5, 0.25)}
    assert len(nats) == 3


@given(st.integers(2, 40))
def test_a_text_within_the_window_equals_one_forward_pass(length):
    model = Transformer(ModelConfig(n_layer=1, n_head=1, n_embd=8, sequence_len=64, softcap=15.0), 20, generator())
    with torch.no_grad():
        model.head.weight.normal_(generator=generator(1))
    ids = np.random.default_rng(0).integers(20, size=length)
    logits = model(torch.from_numpy(ids[None, :-1]))
    expected = F.cross_entropy(logits[0], torch.from_numpy(ids[1:]), reduction="sum").item() + math.log(20)
    assert total_nats(model, ids, stride=0.5, dtype=torch.float32) == pytest.approx(expected, rel=1e-5)


def test_state_comes_from_the_window_before():
    """Against windows taken one by one, each after the one before it."""
    model = tiny_model(VARIANTS["yoke state"])
    ids = random_ids(37).astype(np.int64)  # three windows of 12, and the last target
    total = math.log(VOCAB_SIZE)
    with torch.no_grad():
        for start in (0, 12, 24):
            window = torch.from_numpy(ids[None, start : start + 13])
            before = model.loss(torch.from_numpy(ids[None, start - 12 : start]), window[:, 1:])[1] if start else None
            loss, _ = model.loss(window[:, :-1], window[:, 1:], torch.float32, before)
            total += 12 * loss.item()
    assert total_nats(model, ids, stride=1.0, dtype=torch.float32) == pytest.approx(total, rel=1e-5)
    without = one_window_at_a_time(model, ids, 12)
    assert total != pytest.approx(without, rel=1e-5)


def test_an_untrained_model_needs_log_v_per_token(model):
    fresh = Transformer(model.config, VOCAB_SIZE, generator())
    nats = total_nats(fresh, random_ids(100), stride=0.5, dtype=torch.float32)
    assert nats == pytest.approx(100 * math.log(VOCAB_SIZE))


def test_metrics_follow_from_nats():
    metrics = text_metrics(100 * math.log(2), TextCounts(tokens=20, characters=50, bytes=80, spelling_bits=25.0))
    assert metrics is not None
    assert vars(metrics) == {
        "bits_per_character": pytest.approx(2.5),  # with the spelling; loss and perplexity are without it
        "bits_per_byte": pytest.approx(125 / 80),
        "loss": pytest.approx(5 * math.log(2)),
        "perplexity": pytest.approx(32.0),
        "characters": 50,
        "tokens": 20,
        "spelling_bits_per_character": 0.5,
    }


def test_metrics_of_a_split(model):
    """With the counts of that split; an empty split has no metrics."""
    sizes = {"tokens": 40, "characters": 90, "bytes": 95, "spelling_bits": 7.0}
    counts = {"val": sizes, "held_out": dict.fromkeys(sizes, 0)}
    data = TokenData(meta={"splits": counts}, splits={"val": random_ids(40), "held_out": np.zeros(0, dtype=np.uint16)})
    nats = total_nats(model, random_ids(40), stride=0.25, dtype=torch.float32)
    metrics = split_metrics(model, data, "val", stride=0.25, dtype=torch.float32)
    assert metrics == text_metrics(nats, TextCounts(**sizes))
    assert split_metrics(model, data, "held_out", stride=0.25, dtype=torch.float32) is None
