"""config.json of a model's folder: what the model is. Reading it needs no torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import Field

from poet.errors import ModelError, rebuild
from poet.files import read_json
from poet.params.model import ModelConfig
from poet.results.model_folder import CONFIG

# The version of config.json that is written, and the oldest that is read. Version 1 had only the sizes and softcap;
# what it lacked are today's defaults of ModelConfig, so it needs no conversion.
FORMAT_VERSION = 2
OLDEST_VERSION = 1

# config.json has a kilobyte, and `tokenize.vocab_size` allows no more than a million tokens.
MAX_CONFIG_BYTES = 100_000
MAX_VOCABULARY = 2_000_000


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """The content of config.json; `data_sha256` is the hash of the training tokens.

    `weights_sha256` is that of the weights file; "" in a model that an earlier program saved.
    """

    format_version: int
    model: ModelConfig
    vocab_size: Annotated[int, Field(ge=1, le=MAX_VOCABULARY)]
    tokenizer_sha256: str
    data_sha256: str
    weights_sha256: str = ""


_description = pydantic.TypeAdapter(ModelDescription)


def read_description(folder: Path) -> ModelDescription:
    """The content of config.json in `folder`; ModelError when it is missing, damaged or of a newer program."""
    path = folder / CONFIG
    if not path.is_file():
        raise ModelError(
            f"{path.parent} has no {path.name}: it is not a model's folder. Run `dvc repro` to train a model, or "
            "`dvc pull` to fetch one."
        )
    again = f"The file is damaged. {rebuild(path.parent)}"
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ModelError(f"{path} has more than {MAX_CONFIG_BYTES:,} bytes and does not describe a model. {again}")
    content: Any = read_json(path)
    # The version comes first: of a newer format, nothing else can be expected to fit.
    version = content.get("format_version") if isinstance(content, dict) else None
    if type(version) is not int or not OLDEST_VERSION <= version <= FORMAT_VERSION:
        raise ModelError(
            f"{path} has format_version {str(version)[:40]}; this program reads {OLDEST_VERSION} to {FORMAT_VERSION}. "
            "Use a newer program, or train again with `dvc repro`."
        )
    try:
        # By way of JSON text: ModelConfig is strict, and in strict mode only JSON may spell a dataclass as a mapping.
        return _description.validate_json(json.dumps(content))
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        raise ModelError(f"{path} does not describe a model: {key}: {problem['msg']}.\n{again}") from None
