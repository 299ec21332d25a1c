"""The recipe of a model with everything decided that params.yaml leaves to the program, as records show it."""

import dataclasses
from typing import Any, Literal

from poet.params.model import ModelSettings
from poet.params.sections import TrainSettings


def decide_optimizer(settings: TrainSettings, model: ModelSettings) -> TrainSettings:
    """The settings with "auto" decided: AdamW for the preset classic, as in nanoGPT, and Muon otherwise."""
    if settings.optimizer.kind != "auto":
        return settings
    kind: Literal["adamw", "muon"] = "adamw" if model.preset == "classic" else "muon"
    return dataclasses.replace(settings, optimizer=dataclasses.replace(settings.optimizer, kind=kind))


def decided(model: ModelSettings, train: TrainSettings, **machines: str) -> dict[str, Any]:
    """The sections `model` and `train` by key: the values of the preset written out, the optimizer decided.

    `machines` are the choices of `train` that depend on the machine, such as device="cuda". Without one, what still
    is "auto" is left out.
    """
    recipe = dataclasses.asdict(decide_optimizer(train, model)) | machines
    return {
        "model": {"preset": model.preset, **dataclasses.asdict(model), "n_kv_head": model.kv_heads},
        "train": {key: value for key, value in recipe.items() if value != "auto"},
    }
