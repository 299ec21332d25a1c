"""The weights of a model by the names and in the shapes of transformers, and back. No number changes.

Shapes are named as in `poet.model.layers`: C = n_embd, H heads of queries, K heads of keys and values, D = C / H,
W = 4 C, V tokens.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from poet.export.huggingface_config import Architecture
from poet.params.model import ModelConfig

Weights = Mapping[str, Tensor]

# What follows blocks.<layer>. in our names, and what it is called there, behind the prefix of a layer.
LAYER_PREFIX: dict[Architecture, str] = {"nanochat": "model.layers", "gpt2": "transformer.h"}
LAYER: dict[Architecture, dict[str, str]] = {
    "nanochat": {"attention.out": "self_attn.o_proj", "mlp.up": "mlp.fc1", "mlp.down": "mlp.fc2"},
    "gpt2": {
        "attention_norm": "ln_1",
        "attention.qkv": "attn.c_attn",
        "attention.out": "attn.c_proj",
        "mlp_norm": "ln_2",
        "mlp.up": "mlp.c_fc",
        "mlp.down": "mlp.c_proj",
    },
}

# The parts outside of the layers.
OUTSIDE: dict[Architecture, dict[str, str]] = {
    "nanochat": {"embedding": "model.embed_tokens", "head": "lm_head"},
    "gpt2": {
        "embedding": "transformer.wte",
        "positions": "transformer.wpe",
        "final_norm": "transformer.ln_f",
        "head": "lm_head",
    },
}

# The three parts of our `qkv` in a NanoChat.
QKV = ("q_proj", "k_proj", "v_proj")


def to_huggingface(weights: Weights, config: ModelConfig, name: Architecture) -> dict[str, Tensor]:
    """Our state dict `weights` by the names of transformers, in float32."""
    found: dict[str, Tensor] = {}
    for ours, theirs in _parts(config, name):
        found[f"{theirs}.weight"] = _turned(weights[f"{ours}.weight"], ours, name)
        # GPT-2 has a bias everywhere but in embeddings and head, and we only with `bias`.
        if name == "gpt2" and ours not in {"embedding", "positions", "head"}:
            bias = weights.get(f"{ours}.bias")
            rows = weights[f"{ours}.weight"].size(0)
            found[f"{theirs}.bias"] = torch.zeros(rows) if bias is None else bias
    if name == "nanochat":
        for layer in range(config.n_layer):
            qkv = weights[f"blocks.{layer}.attention.qkv.weight"]  # (C + 2 K D, C)
            for part, matrix in zip(QKV, qkv.split_with_sizes(_rows(config)), strict=True):
                turned = matrix if part == "v_proj" else swap_halves(matrix, config.head_width)
                found[f"{LAYER_PREFIX[name]}.{layer}.self_attn.{part}.weight"] = turned
    return {key: tensor.float().contiguous() for key, tensor in found.items()}


def from_huggingface(weights: Weights, config: ModelConfig, name: Architecture) -> dict[str, Tensor]:
    """The weights of a folder of transformers by our names, in float32; KeyError for a name that is missing."""
    found: dict[str, Tensor] = {}
    for ours, theirs in _parts(config, name):
        found[f"{ours}.weight"] = _turned(weights[f"{theirs}.weight"], ours, name)
        if config.bias and f"{theirs}.bias" in weights:
            found[f"{ours}.bias"] = weights[f"{theirs}.bias"]
    if name == "nanochat":
        for layer in range(config.n_layer):
            q, k, v = (weights[f"{LAYER_PREFIX[name]}.{layer}.self_attn.{part}.weight"] for part in QKV)
            q, k = (swap_halves(matrix, config.head_width) for matrix in (q, k))
            found[f"blocks.{layer}.attention.qkv.weight"] = torch.cat((q, k, v))  # (C + 2 K D, C)
    return {key: tensor.float().contiguous() for key, tensor in found.items()}


def has_biases(weights: Weights) -> bool:
    """Whether any bias of a GPT-2 is not zero: zeros are what a model without biases has there."""
    return any(bool(tensor.any()) for key, tensor in weights.items() if key.endswith(".bias"))


def swap_halves(matrix: Tensor, width: int) -> Tensor:
    """`matrix` (heads * D, C) with the two halves of the D = `width` rows of each head exchanged.

    We turn the pair (x[i], x[i + D/2]) of a query or key by an angle, a NanoChat by the same angle the other way. With
    the halves exchanged, the other way is the same way, and no product of query and key changes. Done twice, it gives
    the matrix back.

    >>> swap_halves(torch.tensor([[1.0], [2.0], [3.0], [4.0]]), 4).flatten().tolist()
    [3.0, 4.0, 1.0, 2.0]
    """
    heads = matrix.view(-1, 2, width // 2, matrix.size(1))  # (H D, C) -> (H, 2, D/2, C)
    return heads.flip(1).reshape(matrix.shape)  # (H, 2, D/2, C) -> (H D, C)


def _parts(config: ModelConfig, name: Architecture) -> Iterator[tuple[str, str]]:
    """Our name and theirs of every part that is carried over as a whole."""
    for ours, theirs in OUTSIDE[name].items():
        # A tied head is the matrix of the embedding, and no file has it twice.
        if not (ours == "head" and config.tied_head):
            yield ours, theirs
    for layer in range(config.n_layer):
        for ours, theirs in LAYER[name].items():
            yield f"blocks.{layer}.{ours}", f"{LAYER_PREFIX[name]}.{layer}.{theirs}"


def _turned(weight: Tensor, ours: str, name: Architecture) -> Tensor:
    """The matrices in the layers of a GPT-2 are stored as (in, out), ours as (out, in)."""
    return weight.t() if name == "gpt2" and ours.startswith("blocks.") and weight.dim() == 2 else weight


def _rows(config: ModelConfig) -> list[int]:
    """The rows of queries, keys and values in our `qkv`."""
    return [heads * config.head_width for heads in (config.n_head, config.kv_heads, config.kv_heads)]
