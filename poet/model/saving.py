"""A model as a folder: float32 weights in safetensors, its description in config.json, and its tokenizer.

The folder is all that generation needs, and nothing in it is executable. On which device, in which precision and
whether compiled the model was trained leaves no trace.
"""

import dataclasses
import json
import shutil
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
from poet.results.model_folder import CONFIG, LAST_WEIGHTS, TOKENIZER, WEIGHTS
from poet.tokenizers.tokenizer import load_tokenizer

# The version of config.json that is written, and the oldest that is read. Version 1 had only the sizes and softcap;
# what it lacked are today's defaults of ModelConfig, so it needs no conversion.
FORMAT_VERSION = 2
OLDEST_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A model with its tokenizer, ready to use; `sha256` is the hash of its weights file and names it everywhere."""

    model: Transformer
    tokenizer: Tokenizer
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """The content of config.json; `data_sha256` is the hash of the training tokens."""

    format_version: int
    model: ModelConfig
    vocab_size: int
    tokenizer_sha256: str
    data_sha256: str


_description = pydantic.TypeAdapter(ModelDescription)


def save_model(
    folder: Path,
    model: Transformer,
    *,
    best: dict[str, Tensor],
    last: dict[str, Tensor],
    tokenizer: Path,
    data_sha256: str,
) -> str:
    """Write a trained model to `folder` and return the sha256 of its weights file.

    `best` and `last` are state dicts of `model` from its training; the best one is the model, the last one is kept
    beside it. `tokenizer` is a file, of which the folder gets a copy.
    """
    # A model is replaced at once or not at all: weights never stand beside the config of another training.
    with replacing_folder(folder) as out:
        for weights, name in ((best, WEIGHTS), (last, LAST_WEIGHTS)):
            # safetensors refuses tensors that are views into others, so each is made contiguous.
            save_file({key: tensor.float().contiguous() for key, tensor in weights.items()}, out / name)
        shutil.copyfile(tokenizer, out / TOKENIZER)
        description = ModelDescription(
            format_version=FORMAT_VERSION,
            model=model.config,
            vocab_size=model.vocab_size,
            tokenizer_sha256=sha256(tokenizer),
            data_sha256=data_sha256,
        )
        write_json(out / CONFIG, dataclasses.asdict(description))
        return sha256(out / WEIGHTS)


def load_model(folder: Path, device: torch.device) -> TrainedModel:
    """The model in `folder` on `device`, in float32 and evaluation mode.

    ModelError names the file that is missing, damaged or does not fit the others; DataError if it is the tokenizer.
    """
    description = _read_description(folder / CONFIG)
    tokenizer = load_tokenizer(folder / TOKENIZER)
    # With another tokenizer the model would still run, and write nonsense.
    if sha256(folder / TOKENIZER) != description.tokenizer_sha256:
        raise ModelError(
            f"{folder / TOKENIZER} is not the tokenizer that this model was trained with (its sha256 is not the one "
            f"in {CONFIG}). Put the right file back, or train again with `dvc repro`."
        )
    # The weights of this generator are overwritten at once.
    model = Transformer(description.model, description.vocab_size, torch.Generator())
    _load_weights(model, folder / WEIGHTS)
    return TrainedModel(model=model.to(device).eval(), tokenizer=tokenizer, sha256=sha256(folder / WEIGHTS))


def _read_description(path: Path) -> ModelDescription:
    if not path.is_file():
        raise ModelError(
            f"{path.parent} has no {path.name}: it is not a model's folder. Run `dvc repro` to train a model, or "
            "`dvc pull` to fetch one."
        )
    content: dict[str, Any] = read_json(path)
    # The version comes first: of a newer format, nothing else can be expected to fit.
    version = content.get("format_version")
    if version not in range(OLDEST_VERSION, FORMAT_VERSION + 1):
        raise ModelError(
            f"{path} has format_version {version!r}; this program reads {OLDEST_VERSION} to {FORMAT_VERSION}. "
            "Use a newer program, or train again with `dvc repro`."
        )
    try:
        # By way of JSON text: ModelConfig is strict, and in strict mode only JSON may spell a dataclass as a mapping.
        return _description.validate_json(json.dumps(content))
    except pydantic.ValidationError as error:
        raise ModelError(
            f"{path} does not describe a model: {error}\nThe file is damaged. Train again with `dvc repro`."
        ) from None


def _load_weights(model: Transformer, path: Path) -> None:
    """Fill `model` with the weights in `path`; ModelError lists every tensor that is missing, unknown or misshapen."""
    try:
        weights = load_file(path)
    except FileNotFoundError:
        raise ModelError(
            f"{path} does not exist. Run `dvc repro` to train a model, or `dvc pull` to fetch one."
        ) from None
    except SafetensorError as error:
        raise ModelError(f"{path} is damaged: {error}. Remove the folder and run `dvc repro`.") from None
    # All problems go into one message: a wrong folder has many, and the pattern tells what is wrong.
    expected = model.state_dict()
    problems = [f"{name}: missing" for name in expected.keys() - weights.keys()]
    problems += [f"{name}: unknown" for name in weights.keys() - expected.keys()]
    problems += [
        f"{name}: shape {tuple(weights[name].shape)}, expected {tuple(expected[name].shape)}"
        for name in expected.keys() & weights.keys()
        if weights[name].shape != expected[name].shape
    ]
    if problems:
        raise ModelError(
            f"{path} does not fit {CONFIG}:\n"
            + "\n".join(f"  {problem}" for problem in sorted(problems))
            + "\nOne of the two files is from another model. Run `dvc repro` to train one, or `dvc pull` to fetch both."
        )
    model.load_state_dict(weights)
