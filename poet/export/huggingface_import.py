"""A folder of transformers back as a model's folder: one that `poet.export.huggingface` wrote, trained on there or not.

The weights come back to the bit; those in half precision become float32, which loses nothing. A folder whose model
computes something else than one of ours is refused by name.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from poet.errors import DataError, ModelError
from poet.export.huggingface_config import OWN_KEY, Architecture, read_huggingface_config
from poet.export.huggingface_tokenizer import read_tokenizer
from poet.export.huggingface_weights import from_huggingface, has_biases, to_huggingface
from poet.files import read_json
from poet.model.description import MAX_VOCABULARY
from poet.model.saving import save_model
from poet.model.transformer import Transformer
from poet.results.model_folder import CONFIG, TOKENIZER, WEIGHTS

# The floating-point numbers that float32 holds all of, as safetensors names their types.
FLOATS = frozenset({"F16", "BF16", "F32"})


def import_huggingface(folder: Path, out: Path) -> str:
    """Write the model in `folder` as a model's folder `out`, all of it or nothing; returns the sha256 of its weights.

    ModelError says what is missing or damaged in `folder`, or what in it no model of ours computes; DataError when the
    disk is full.
    """
    content = _read_config(folder)
    weights = _read_weights(folder / WEIGHTS)
    config = read_huggingface_config(content, folder / CONFIG, bias=has_biases(weights))
    vocab_size = content["vocab_size"]
    tokenizer = read_tokenizer(folder / TOKENIZER, vocab_size)
    architecture: Architecture = content["model_type"]
    # A model of very many layers is slow to build even without memory. Each layer has more than one tensor.
    if config.n_layer > len(weights):
        raise ModelError(
            f"{folder / CONFIG} has {config.n_layer} layers, which the {len(weights)} tensors of {WEIGHTS} cannot be. "
            "One of the two files is from another model. Fetch or write the folder again."
        )
    # The model that the weights are compared with has shapes, but no memory.
    with torch.device("meta"):
        model = Transformer(config, vocab_size, generator=None)
        expected = to_huggingface(model.state_dict(), config, architecture)
    _check_tensors(folder / WEIGHTS, weights, expected)
    ours = from_huggingface(weights, config, architecture)
    with tempfile.TemporaryDirectory() as temporary:
        tokenizer.save(str(Path(temporary) / TOKENIZER))
        return save_model(
            out, model, best=ours, last=ours, tokenizer=Path(temporary) / TOKENIZER, data_sha256=_text(content, ours)
        )


def _read_config(folder: Path) -> dict[str, Any]:
    """The content of config.json; ModelError when `folder` lacks a file, or the sizes are none."""
    if missing := [name for name in (CONFIG, WEIGHTS, TOKENIZER) if not (folder / name).is_file()]:
        in_parts = " Weights in several files cannot be imported." if list(folder.glob(f"{WEIGHTS}.index.json")) else ""
        raise ModelError(
            f"{folder} is no folder of transformers with a model of ours: it lacks {', '.join(missing)}.{in_parts} "
            "Name a folder that `poet export --format hf` wrote, or that transformers saved model and tokenizer to."
        )
    try:
        content = read_json(folder / CONFIG)
    except DataError:
        content = None
    if not isinstance(content, dict):
        raise ModelError(f"{folder / CONFIG} is damaged: it is no mapping in JSON. Fetch or write the folder again.")
    vocab_size = content.get("vocab_size")
    if type(vocab_size) is not int or not 1 <= vocab_size <= MAX_VOCABULARY:
        raise ModelError(
            f"{folder / CONFIG} has the vocab_size {str(vocab_size)[:40]}, expected a number of tokens from 1 to "
            f"{MAX_VOCABULARY:,}"
        )
    return content


def _read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors in `path`; ModelError unless all are finite floating-point numbers of at most 32 bits."""
    try:
        with safe_open(path, framework="pt") as file:
            other = sorted({file.get_slice(name).get_dtype() for name in file.keys()} - FLOATS)  # noqa: SIM118
        if other:
            raise ModelError(
                f"{path} has tensors of {', '.join(other)}, expected {', '.join(sorted(FLOATS))}. Save the model in "
                "one of these types, not quantized."
            )
        weights = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged: {error}. Fetch or write the folder again.") from None
    if broken := sorted(name for name, tensor in weights.items() if not torch.isfinite(tensor).all()):
        raise ModelError(
            f"{path} holds NaN or infinite weights: {', '.join(broken[:5])}. No model can write with them."
        )
    return weights


def _check_tensors(path: Path, weights: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """ModelError lists every tensor that is missing, unknown or misshapen."""
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
            + "\nOne of the two files is from another model. Fetch or write the folder again."
        )


def _text(content: Mapping[str, Any], weights: Mapping[str, Tensor]) -> str:
    """The hash of the training tokens, if the weights are still those of that training; "" if not."""
    own = content.get(OWN_KEY)
    digest = hashlib.sha256(save(dict(weights))).hexdigest()
    return str(own.get("data_sha256", "")) if isinstance(own, dict) and own.get("weights_sha256") == digest else ""
