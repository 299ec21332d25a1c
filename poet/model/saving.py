"""A model as a folder: float32 weights in safetensors, its description in config.json, and its tokenizer.

The folder is all that generation needs, and nothing in it is executable. On which device, in which precision and
whether compiled the model was trained leaves no trace.
"""

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from poet.errors import ModelError, rebuild
from poet.files import replacing_folder, sha256, write_json
from poet.model.description import FORMAT_VERSION, ModelDescription, read_description
from poet.model.transformer import Transformer
from poet.results.model_folder import CONFIG, LAST_WEIGHTS, TOKENIZER, WEIGHTS
from poet.tokenizers.tokenizer import load_tokenizer


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A model with its tokenizer, ready to use; `sha256` is the hash of its weights file and names it everywhere."""

    model: Transformer
    tokenizer: Tokenizer
    sha256: str


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
        digest = sha256(out / WEIGHTS)
        description = ModelDescription(
            format_version=FORMAT_VERSION,
            model=model.config,
            vocab_size=model.vocab_size,
            tokenizer_sha256=sha256(tokenizer),
            data_sha256=data_sha256,
            weights_sha256=digest,
        )
        write_json(out / CONFIG, dataclasses.asdict(description))
        return digest


def load_model(folder: Path, device: torch.device) -> TrainedModel:
    """The model in `folder` on `device`, in float32 and evaluation mode.

    ModelError names the file that is missing, damaged or does not fit the others; DataError if it is the tokenizer.
    Nothing is allocated before the sizes in config.json are those of the weights file.
    """
    description = read_description(folder)
    tokenizer = load_tokenizer(folder / TOKENIZER)
    # With another tokenizer the model would still run, and write nonsense.
    if sha256(folder / TOKENIZER) != description.tokenizer_sha256:
        raise ModelError(
            f"{folder / TOKENIZER} is not the tokenizer that this model was trained with (its sha256 is not the one "
            f"in {CONFIG}). Put the right file back, or let DVC do it. {rebuild(folder)}"
        )
    _check_shapes(description, folder / WEIGHTS)
    digest = sha256(folder / WEIGHTS)
    if description.weights_sha256 not in ("", digest):
        raise ModelError(f"{folder / WEIGHTS} is damaged: its sha256 is not the one in {CONFIG}. {rebuild(folder)}")
    model = Transformer(description.model, description.vocab_size, generator=None)
    _load_weights(model, folder / WEIGHTS)
    return TrainedModel(model=model.to(device).eval(), tokenizer=tokenizer, sha256=digest)


def _read_header(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor in `path` by its name; the tensors themselves are not read."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise ModelError(
            f"{path} does not exist. Run `dvc repro` to train a model, or `dvc pull` to fetch one."
        ) from None
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged: {error}. {rebuild(path.parent)}") from None


def _check_shapes(description: ModelDescription, path: Path) -> None:
    """ModelError lists every tensor of `path` that is missing, unknown or misshapen, by the header of the file alone.

    The model that it is compared with has shapes, but no memory.
    """
    found = _read_header(path)
    # A model of very many layers is slow to build even without memory. Each layer has four matrices.
    if description.model.n_layer > len(found):
        problems = [f"its {len(found)} tensors cannot be {description.model.n_layer} layers"]
    else:
        with torch.device("meta"):
            model = Transformer(description.model, description.vocab_size, generator=None)
        expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        # All problems go into one message: a wrong folder has many, and the pattern tells what is wrong.
        problems = [f"{name}: missing" for name in expected.keys() - found.keys()]
        problems += [f"{name}: unknown" for name in found.keys() - expected.keys()]
        problems += [
            f"{name}: shape {found[name]}, expected {expected[name]}"
            for name in expected.keys() & found.keys()
            if found[name] != expected[name]
        ]
    if problems:
        raise ModelError(
            f"{path} does not fit {CONFIG}:\n"
            + "\n".join(f"  {problem}" for problem in sorted(problems))
            + "\nOne of the two files is from another model. Run `dvc repro` to train one, or `dvc pull` to fetch both."
        )


def _load_weights(model: Transformer, path: Path) -> None:
    """Fill `model` with the weights in `path`; ModelError where a number is infinite or none."""
    weights = load_file(path)
    # With NaN in it, a model would write an empty text, or one token for ever.
    if broken := [name for name, tensor in weights.items() if not torch.isfinite(tensor).all()]:
        names = ", ".join(sorted(broken)[:5])
        raise ModelError(f"{path} holds NaN or infinite weights: {names}. {rebuild(path.parent)}")
    model.load_state_dict(weights)
