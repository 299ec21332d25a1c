"""The recipe of a model with everything decided that params.yaml leaves to the program, as records show it."""

import dataclasses
from typing import Any

import pydantic

from poet.errors import ConfigError
from poet.params.model import PRESET_KEYS, PRESETS, ModelConfig, ModelSettings, as_written, resized
from poet.params.sections import Params, TrainSettings


def preset_values(preset: str) -> dict[str, Any]:
    """What the preset called `preset` decides, by dotted key; nothing if there is none of that name."""
    if preset not in PRESETS:
        return {}
    values = {field.name: field.default for field in dataclasses.fields(ModelConfig)} | PRESETS[preset]
    kind = "adamw" if preset == "classic" else "muon"
    return {f"model.{key}": values[key] for key in PRESET_KEYS} | {"train.optimizer.kind": kind}


def decide_optimizer(settings: TrainSettings, preset: str) -> TrainSettings:
    """The settings with "auto" decided: AdamW for the preset classic, as in nanoGPT, and Muon otherwise."""
    if settings.optimizer.kind != "auto":
        return settings
    kind = preset_values(preset)["train.optimizer.kind"]
    return dataclasses.replace(settings, optimizer=dataclasses.replace(settings.optimizer, kind=kind))


def decided(model: ModelSettings, train: TrainSettings, **machines: str) -> dict[str, Any]:
    """The sections `model` and `train` by key: the values of the preset written out, the optimizer decided.

    `machines` are the choices of `train` that depend on the machine, such as device="cuda". Without one, what still
    is "auto" is left out.
    """
    recipe = dataclasses.asdict(decide_optimizer(train, model.preset)) | machines
    return {
        "model": {"preset": model.preset, **dataclasses.asdict(model), "n_kv_head": model.kv_heads},
        "train": {key: value for key, value in recipe.items() if value != "auto"},
    }


def with_preset(params: Params, preset: str) -> dict[str, Any]:
    """The recipe of `params` as `decided` writes it, with another preset; keys that the file sets itself stay."""
    defaults = {field.name: field.default for field in dataclasses.fields(ModelConfig)} | PRESETS[preset]
    written = {key: value for key, value in as_written(params.model).items() if value is not None}
    model = defaults | written | {"preset": preset}
    model["n_kv_head"] = model["n_kv_head"] or model["n_head"]
    train = dataclasses.asdict(decide_optimizer(params.train, preset))
    return {
        "split": dataclasses.asdict(params.split),
        "tokenize": dataclasses.asdict(params.tokenize),
        "model": model,
        "train": train,
    }


def teacher_model(model: ModelSettings, settings: TrainSettings) -> ModelSettings:
    """The section `model` of a teacher. ConfigError when the size of a teacher does not fit what else `model` says."""
    n_layer, n_head, n_embd = settings.teacher_layers, settings.teacher_heads, settings.teacher_width
    try:
        return resized(model, n_layer=n_layer, n_head=n_head, n_embd=n_embd)
    except pydantic.ValidationError as error:
        raise ConfigError(
            f"train.teacher_layers: {n_layer}, teacher_heads: {n_head} and teacher_width: {n_embd} do not fit the "
            f"section model: {error.errors()[0]['msg']}. Give teachers the size of the model itself."
        ) from None
