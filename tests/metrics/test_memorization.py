"""extractable@k: a model that memorised its text recites it, another one does not."""

import numpy as np
import pytest
import torch

from poet.metrics import memorization
from poet.metrics.memorization import extractable_shares
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig
from tests.tiny import generator

CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=32, sequence_len=90)
IDS = np.random.default_rng(0).integers(30, size=91)


@pytest.fixture(scope="module")
def reciter():
    """A model that knows IDS by heart, from its beginning on."""
    model = Transformer(CONFIG, 30, generator())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    text = torch.from_numpy(IDS)[None]
    for _ in range(150):
        loss, _ = model.loss(text[:, :-1], text[:, 1:])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


def test_an_untrained_model_recites_nothing():
    shares = extractable_shares(Transformer(CONFIG, 30, generator()), IDS, 6, seed=0)
    assert shares == {"16": 0.0, "32": 0.0, "64": None}, "64 + 50 tokens do not fit into 90 positions"


def test_memorised_text_is_extractable_and_other_text_is_not(reciter):
    # Passages from the middle of the text stand at other positions than in training; from its beginning they do not.
    assert extractable_shares(reciter, IDS[:66], 6, seed=0) == {"16": 1.0, "32": None, "64": None}
    assert extractable_shares(reciter, IDS[:66][::-1].copy(), 6, seed=0)["16"] == 0.0


@pytest.mark.parametrize("place", [16, 40, 65])
def test_one_wrong_token_counts_as_not_recited(reciter, place):
    """At the first, any or the last place after the context; the passage beside it is recited all the same."""
    passages = np.stack([IDS[:66], IDS[:66]])
    passages[1, place] = (passages[1, place] + 1) % 30
    assert memorization._count_recited(reciter, passages, 16) == 1


def test_passages_are_counted_in_all_batches(reciter, monkeypatch):
    """The number of passages in a batch changes nothing but memory; of a longer text only some are recited."""
    monkeypatch.setattr(memorization, "CONTINUATION", 4)
    expected = extractable_shares(reciter, IDS, 10, seed=0)
    assert 0 < expected["16"] < 1
    sizes = []

    def recording(model, passages, context):
        sizes.append(len(passages))
        return count_recited(model, passages, context)

    count_recited = memorization._count_recited
    monkeypatch.setattr(memorization, "_count_recited", recording)
    monkeypatch.setattr(memorization, "BATCH", 3)
    assert extractable_shares(reciter, IDS, 10, seed=0) == expected
    # Ten passages for each of the three contexts.
    assert max(sizes) == 3 and sum(sizes) == 30
