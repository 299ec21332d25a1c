"""A model small enough to be checked against anything."""

import dataclasses
from typing import Any

import torch

from poet.model.transformer import Transformer
from poet.params.model import PRESETS, ModelConfig, Yoke

CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=16, sequence_len=12)
VOCAB_SIZE = 40


def _with(**changes: Any) -> ModelConfig:
    return dataclasses.replace(CONFIG, **changes)


# One model for each choice that a config offers.
VARIANTS = {
    "classic": _with(**PRESETS["classic"]),
    "classic with biases": _with(**PRESETS["classic"] | {"bias": True}),
    "tied": _with(tied_head=True),
    "swiglu": _with(activation="swiglu"),
    "gelu": _with(activation="gelu"),
    "relu": _with(activation="relu"),
    "tanh": _with(activation="tanh"),
    "leaky relu": _with(activation="leaky_relu"),
    "grouped queries": _with(n_head=4, n_kv_head=2),
    "no soft-cap, no norm of queries": _with(softcap=0.0, qk_norm=False),
    "compression": _with(n_layer=3, compression=0.25),
    "yoke": _with(yoke=Yoke(layer=1, width=6, residual=True, state=False)),
    "yoke without residual": _with(yoke=Yoke(layer=0, width=6, residual=False, state=False)),
    "yoke state": _with(yoke=Yoke(layer=1, width=6, residual=False, state=True)),
}


def generator(seed: int = 0) -> torch.Generator:
    """A source of random numbers on the CPU, apart from torch's global one."""
    return torch.Generator().manual_seed(seed)


def tiny_model(config: ModelConfig = CONFIG, vocab_size: int = VOCAB_SIZE) -> Transformer:
    """A model whose zero matrices are filled, so that every part has an effect."""
    model = Transformer(config, vocab_size, generator()).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.3, generator=generator(1))
    return model
