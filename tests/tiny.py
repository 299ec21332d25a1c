"""A model small enough to be checked against anything."""

import torch

from poet.config import ModelConfig
from poet.model.transformer import Transformer

CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=16, sequence_len=12, softcap=15.0)
VOCAB_SIZE = 40


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiny_model() -> Transformer:
    """A model whose zero matrices are filled, so that every part has an effect."""
    model = Transformer(CONFIG, VOCAB_SIZE, generator())
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.3, generator=generator(1))
    return model
