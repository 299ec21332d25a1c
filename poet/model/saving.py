"""A model as a folder: float32 weights in safetensors, sizes in config.json, and the tokenizer it speaks.

Nothing else is needed to generate, and nothing in it is executable. Device, precision and compilation leave no trace.
"""

import dataclasses
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from poet.errors import ModelError
from poet.files import read_json, replacing_folder, sha256, write_json
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig
from poet.tokenizers.tokenizer import load_tokenizer

FORMAT_VERSION = 2
WEIGHTS = "model.safetensors"
LAST_WEIGHTS = "last.safetensors"  # after the last step, where the best were earlier
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"

# From each older format to the next. 1 had only sizes and softcap; all else was what the defaults still are.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: lambda about: about}

_config = pydantic.TypeAdapter(ModelConfig)


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A model with its tokenizer, ready to use; `sha256` is the hash of its weights file and names it everywhere."""

    model: Transformer
    tokenizer: Tokenizer
    sha256: str


def save_model(
    folder: Path,
    config: ModelConfig,
    vocab_size: int,
    *,
    best: dict[str, Tensor],
    last: dict[str, Tensor],
    tokenizer: Path,
    data_sha256: str,
) -> str:
    """Write the weights `best` and `last` of a training and a copy of the file `tokenizer` to `folder`; returns the
    sha256 of the best, which are the model.
    """
    with replacing_folder(folder) as out:
        for weights, name in ((best, WEIGHTS), (last, LAST_WEIGHTS)):
            save_file({key: tensor.float().contiguous() for key, tensor in weights.items()}, out / name)
        shutil.copyfile(tokenizer, out / TOKENIZER)
        about = {
            "format_version": FORMAT_VERSION,
            "model": dataclasses.asdict(config),
            "vocab_size": vocab_size,
            "tokenizer_sha256": sha256(tokenizer),
            "data_sha256": data_sha256,
        }
        write_json(out / CONFIG, about)
        return sha256(out / WEIGHTS)


def load_model(folder: Path, device: torch.device) -> TrainedModel:
    """The model in `folder` on `device`, float32, in evaluation mode; ModelError names what is missing or does not
    fit.
    """
    about = _read_config(folder)
    tokenizer = load_tokenizer(folder / TOKENIZER)
    if sha256(folder / TOKENIZER) != about["tokenizer_sha256"]:
        raise ModelError(
            f"{folder / TOKENIZER} is not the tokenizer that this model was trained with (its sha256 is not the one "
            f"in {CONFIG}). "
            "Put the right file back, or train again with `dvc repro`."
        )
    model = Transformer(_model_config(folder, about["model"]), about["vocab_size"], torch.Generator())
    _load_weights(model, folder / WEIGHTS)
    return TrainedModel(model=model.to(device).eval(), tokenizer=tokenizer, sha256=sha256(folder / WEIGHTS))


def _read_config(folder: Path) -> dict[str, Any]:
    if not (folder / CONFIG).is_file():
        raise ModelError(
            f"{folder} holds no {CONFIG}: it is not a model. Run `dvc repro` to train one, or `dvc pull` to fetch one."
        )
    about: dict[str, Any] = read_json(folder / CONFIG)
    version = about.get("format_version")
    if version not in (*MIGRATIONS, FORMAT_VERSION):
        raise ModelError(
            f"{folder / CONFIG} has format_version {version!r}; this program reads {min(MIGRATIONS)} to "
            f"{FORMAT_VERSION}. Use a newer program, or train again with `dvc repro`."
        )
    while version in MIGRATIONS:
        about, version = MIGRATIONS[version](about), version + 1
    missing = {"model", "vocab_size", "tokenizer_sha256"} - about.keys()
    if missing:
        raise ModelError(f"{folder / CONFIG} lacks {', '.join(sorted(missing))}")
    return about


def _model_config(folder: Path, sizes: dict[str, Any]) -> ModelConfig:
    try:
        return _config.validate_json(json.dumps(sizes))
    except pydantic.ValidationError as error:
        raise ModelError(f"{folder / CONFIG} describes no model: {error}") from None


def _load_weights(model: Transformer, path: Path) -> None:
    try:
        weights = load_file(path)
    except FileNotFoundError:
        raise ModelError(
            f"{path} does not exist. Run `dvc repro` to train a model, or `dvc pull` to fetch one."
        ) from None
    except SafetensorError as error:
        raise ModelError(f"{path} is damaged: {error}. Remove the folder and run `dvc repro`.") from None
    expected = model.state_dict()
    problems = [f"{name}: missing" for name in expected.keys() - weights.keys()]
    problems += [f"{name}: unknown" for name in weights.keys() - expected.keys()]
    problems += [
        f"{name}: shape {tuple(weights[name].shape)}, expected {tuple(expected[name].shape)}"
        for name in expected.keys() & weights.keys()
        if weights[name].shape != expected[name].shape
    ]
    if problems:
        raise ModelError(f"{path} does not fit {CONFIG}:\n" + "\n".join(f"  {problem}" for problem in sorted(problems)))
    model.load_state_dict(weights)
