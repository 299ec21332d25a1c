"""Bits per character: every token once, whatever the windows; and the compressors."""

import lzma
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from poet.metrics.bits import _window_batches, text_metrics, total_nats
from poet.metrics.compressors import compressor_bits_per_character
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig
from tests.texts import babble
from tests.tiny import VARIANTS, generator, tiny_model


@given(st.integers(1, 200), st.integers(2, 20), st.floats(0.05, 1))
def test_each_token_is_scored_once_with_context(length, sequence_len, stride):
    scored = []
    for block, first in _window_batches(length, sequence_len, stride):
        for row in block:
            scored += row[first + 1 :].tolist()
            assert (np.diff(row) == 1).all()
    assert scored == list(range(1, length))


@settings(deadline=None)
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
    ids = np.random.default_rng(0).integers(40, size=37)  # three windows of 12, and the last target
    total, state = math.log(40), None
    with torch.no_grad():
        for start in (0, 12, 24):
            window = torch.from_numpy(ids[None, start : start + 13])
            before = model.loss(torch.from_numpy(ids[None, start - 12 : start]), window[:, 1:])[1] if start else None
            loss, state = model.loss(window[:, :-1], window[:, 1:], torch.float32, before)
            total += 12 * loss.item()
    assert state is not None
    assert total_nats(model, ids, stride=1.0, dtype=torch.float32) == pytest.approx(total, rel=1e-5)
    assert total_nats(tiny_model(VARIANTS["yoke"]), ids, stride=1.0, dtype=torch.float32) != pytest.approx(
        total, rel=1e-5
    )


def test_an_untrained_model_needs_log_v_per_token(model):
    fresh = Transformer(model.config, 40, generator())
    ids = np.random.default_rng(0).integers(40, size=100)
    assert total_nats(fresh, ids, stride=0.5, dtype=torch.float32) == pytest.approx(100 * math.log(40))


def test_metrics_follow_from_nats():
    metrics = text_metrics(nats=100 * math.log(2), tokens=20, characters=50, text_bytes=80)
    assert metrics == {
        "bits_per_character": pytest.approx(2.0),
        "bits_per_byte": pytest.approx(1.25),
        "loss": pytest.approx(5 * math.log(2)),
        "perplexity": pytest.approx(32.0),
        "characters": 50,
        "tokens": 20,
    }
    assert text_metrics(nats=math.nan, tokens=0, characters=0, text_bytes=0) is None


def test_compressors_learn_from_what_comes_before():
    text = babble(1, 4000)
    bits = compressor_bits_per_character(text, babble(2, 400))
    alone = 8 * len(lzma.compress(babble(2, 400).encode())) / len(babble(2, 400))
    assert 0.3 < bits["ppmd"] < bits["xz"] < alone
    repeated = compressor_bits_per_character(text, text[:2000])
    assert repeated["xz"] < 0.1
