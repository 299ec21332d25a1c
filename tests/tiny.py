"""A model small enough to be checked against anything."""

import dataclasses
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor

from poet.model import layers
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


@torch.no_grad()
def logits_looking_back(model: Transformer, ids: Tensor, first: Sequence[int]) -> Tensor:
    """Logits (B, T, V) of one pass over `ids` (B, T) in which position t sees the positions from `first[t]` to t only.

    What a cache that forgets must give: rotary positions count on beyond the context, and a mask hides what is gone.
    """
    length = ids.size(1)
    long = Transformer(dataclasses.replace(model.config, sequence_len=max(2, length)), model.vocab_size, generator())
    long.load_state_dict(model.state_dict())
    positions = torch.arange(length)
    seen = (positions >= torch.tensor(first)[:, None]) & (positions <= positions[:, None])  # (T, T)

    def masked(q: Tensor, k: Tensor, v: Tensor, dropout: float) -> Tensor:
        k, v = (part.repeat_interleave(q.size(1) // part.size(1), dim=1) for part in (k, v))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=seen)

    with patch.object(layers, "attend", masked):
        logits: Tensor = long(ids)
    return logits
