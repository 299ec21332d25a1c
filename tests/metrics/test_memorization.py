"""extractable@k: a model that memorised its text gives it away, another one does not."""

import numpy as np
import torch

from poet.metrics.memorization import extractable_shares
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig
from poet.training.distributed import World
from poet.training.step import Engine
from tests.recipes import MUON
from tests.tiny import generator

CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=32, sequence_len=90)


def test_memorised_text_is_extractable_and_other_text_is_not():
    ids = np.random.default_rng(0).integers(30, size=91)
    model = Transformer(CONFIG, 30, generator())
    fresh = extractable_shares(model, ids, 6, seed=0)
    assert fresh == {"16": 0.0, "32": 0.0, "64": None}, "64 + 50 tokens do not fit"
    engine = Engine(model, MUON, torch.float32, world=World(device=torch.device("cpu")))
    text = torch.from_numpy(ids)[None].expand(2, -1)
    for step in range(150):
        engine.step(text[:, :-1], text[:, 1:], 1.0, step)
    # Windows from the middle of the text stand at other positions than in training; from its beginning they do not.
    known = extractable_shares(model, ids[:66], 6, seed=0)
    assert known["16"] == 1.0
    assert extractable_shares(model, ids[:66][::-1].copy(), 6, seed=0)["16"] == 0.0
