"""The model whose weights a training starts from (`train.init_from`): what it is, and whether the section `model` of
params.yaml says the same. Nothing here needs torch.
"""

import dataclasses
from typing import Any

from poet.errors import ConfigError
from poet.files import sha256
from poet.model.description import ModelDescription, read_description
from poet.params.model import ModelConfig, ModelSettings
from poet.params.sections import TrainSettings
from poet.results.model_folder import WEIGHTS, require_start

# A key on which no weight depends: it may differ from that of the model.
FREE = frozenset({"dropout"})

# With `train.minutes`, these are those of the model, whatever the section says.
SIZES = frozenset({"n_layer", "n_head", "n_embd"})


def read_start(model: ModelSettings, train: TrainSettings) -> ModelDescription | None:
    """What the model is that a training starts from; None when it starts from random weights.

    ConfigError when there is no such model, or when `model` describes another one; ModelError when it is damaged.
    """
    if train.start is None:
        return None
    require_start(train.start)
    start = read_description(train.start)
    given, expected = _by_key(model.config), _by_key(start.model)
    free = FREE if train.minutes is None else FREE | SIZES
    differing = [
        f"  model.{key}: got {given[key]}, expected {expected[key]}"
        for key in expected
        if key not in free and given[key] != expected[key]
    ]
    if differing:
        raise ConfigError(
            f"train.init_from: the section model of params.yaml does not describe {train.start}:\n"
            + "\n".join(differing)
            + "\nSet these keys to what is expected, or train.init_from to a model of the sizes that you want."
        )
    return start


def start_sha256(train: TrainSettings) -> str:
    """The hash of the weights file that a training starts from; "" when it starts from random weights."""
    if train.start is None:
        return ""
    require_start(train.start)
    return sha256(train.start / WEIGHTS)


def _by_key(config: ModelConfig) -> dict[str, Any]:
    """The values of `config` by key; as many heads for keys and values as for queries are the same as null."""
    return dataclasses.asdict(config) | {"n_kv_head": config.kv_heads}
