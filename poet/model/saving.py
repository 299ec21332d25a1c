"""A model as a folder: float32 weights in safetensors, sizes in config.json, and the tokenizer it speaks.

Nothing else is needed to generate, and nothing in it is executable. Device, precision and compilation leave no trace.
"""

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from poet.config import ModelConfig
from poet.errors import ModelError
from poet.files import read_json, replacing_folder, sha256, write_json
from poet.model.transformer import Transformer
from poet.tokens.tokenizer import load_tokenizer

FORMAT_VERSION = 1
WEIGHTS = "model.safetensors"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, kw_only=True)
class Poet:
    """A model with its tokenizer, ready to use; `sha256` is the hash of its weights file and names it everywhere."""

    model: Transformer
    tokenizer: Tokenizer
    sha256: str


def save_model(folder: Path, model: Transformer, tokenizer: Path, data_sha256: str) -> str:
    """Write `model` and a copy of the file `tokenizer` to `folder`; returns the sha256 of the weights."""
    with replacing_folder(folder) as out:
        weights = {name: tensor.detach().float().cpu().contiguous() for name, tensor in model.state_dict().items()}
        save_file(weights, out / WEIGHTS)
        shutil.copyfile(tokenizer, out / TOKENIZER)
        config = {
            "format_version": FORMAT_VERSION,
            "model": dataclasses.asdict(model.config),
            "vocab_size": model.vocab_size,
            "tokenizer_sha256": sha256(tokenizer),
            "data_sha256": data_sha256,
        }
        write_json(out / CONFIG, config)
        return sha256(out / WEIGHTS)


def load_model(folder: Path, device: torch.device) -> Poet:
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
    return Poet(model=model.to(device).eval(), tokenizer=tokenizer, sha256=sha256(folder / WEIGHTS))


def _read_config(folder: Path) -> dict[str, Any]:
    if not (folder / CONFIG).is_file():
        raise ModelError(
            f"{folder} holds no {CONFIG}: it is not a model. Run `dvc repro` to train one, or `dvc pull` to fetch one."
        )
    about: dict[str, Any] = read_json(folder / CONFIG)
    if about.get("format_version") != FORMAT_VERSION:
        raise ModelError(
            f"{folder / CONFIG} has format_version {about.get('format_version')!r}; this program reads {FORMAT_VERSION}"
        )
    missing = {"model", "vocab_size", "tokenizer_sha256"} - about.keys()
    if missing:
        raise ModelError(f"{folder / CONFIG} lacks {', '.join(sorted(missing))}")
    return about


def _model_config(folder: Path, sizes: dict[str, Any]) -> ModelConfig:
    try:
        return ModelConfig(**sizes)
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
