"""How a model of ours differs from what another program computes under the name of an architecture."""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from poet.model.size import mlp_width
from poet.params.model import ModelConfig

# What a model has to be to be a GPT-2 (Radford et al. 2019), beside its activation. It may have biases or none: zeros
# take their place.
GPT2: dict[str, Any] = {"norm": "layer", "positions": "learned", "qk_norm": False, "softcap": 0.0, "yoke": None}

# What torch adds to the variance in F.layer_norm, and so what all of these programs have to add.
LAYER_NORM_EPSILON = 1e-5


def differences(
    config: ModelConfig, required: Mapping[str, Any], activations: Sequence[str], *, grouped_queries: bool
) -> Iterator[str]:
    """What `config` has and the other program does not compute, each as key, value and what is expected.

    `required` are the values that it computes, `activations` those of its MLP, which is four times as wide as the model
    in every layer; `grouped_queries`: whether several heads of queries may share one of keys and values.
    """
    for key, expected in required.items():
        value = getattr(config, key)
        if value != expected:
            yield f"{key}: got {_shown(value)}, expected {_shown(expected)}"
    if config.activation not in activations:
        several = "one of " if len(activations) > 1 else ""
        yield f"activation: got {config.activation}, expected {several}{', '.join(activations)}"
    # The widths alone count: with two layers or fewer, compression narrows nothing.
    bare = dataclasses.replace(config, yoke=None, activation="gelu")
    if any(mlp_width(bare, layer) != 4 * bare.n_embd for layer in range(bare.n_layer)):
        yield f"compression: got {config.compression}, expected 1.0"
    if not grouped_queries and config.kv_heads != config.n_head:
        yield f"n_kv_head: got {config.n_kv_head}, expected {config.n_head}"


def _shown(value: Any) -> str:
    """A value as params.yaml has it.

    >>> _shown(None), _shown(False), _shown("rms")
    ('null', 'false', 'rms')
    """
    return value if isinstance(value, str) else json.dumps(value, default=lambda yoke: dict(vars(yoke)))
