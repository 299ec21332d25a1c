"""evaluation.json and train.json: what a training reached, on text that the model never saw."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from poet.files import read_json_as, write_json


@dataclass(frozen=True, kw_only=True)
class TextMetrics:
    """The score of one model on one text: bits per character and per byte of UTF-8; `loss` in nats per token.

    `spelling_bits_per_character` is the part of the bits that pays for words which the tokenizer loses.
    """

    bits_per_character: float
    bits_per_byte: float
    loss: float
    perplexity: float
    characters: int
    tokens: int
    spelling_bits_per_character: float


@dataclass(frozen=True, kw_only=True)
class CompressedText:
    """How many characters of the training text and of the validation text the compressors were given."""

    training: int
    validation: int


@dataclass(frozen=True, kw_only=True)
class Evaluation(TextMetrics):
    """The score on the validation text, on the held-out books (None when there are none), and beside compressors.

    `compressors` gives the bits per character that each compressor needs for the validation text after the training
    text, or for as much of both as `compressed` says, in characters.
    """

    held_out_books: TextMetrics | None
    compressors: Mapping[str, float]
    compressed: CompressedText


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a training went: its length, the size of the model, the losses at its end, and where it ran.

    `train_loss` and `validation_loss` are in nats per token. The validation figures are those of the best validation,
    after `best_step` steps; None when there is no validation text. `epochs` counts passes over the training text.
    """

    steps: int
    best_step: int
    tokens: int
    epochs: float
    parameters: int
    train_loss: float
    validation_loss: float | None
    bits_per_character: float | None
    precision: str
    device: str
    compiled: bool
    processes: int
    # What `train.minutes` picked, by key of params.yaml; empty without minutes.
    picked: Mapping[str, float] = field(default_factory=dict)


def to_json(result: Evaluation | Training) -> dict[str, Any]:
    """The content of evaluation.json or train.json."""
    return dataclasses.asdict(result)


def read_evaluation(path: Path) -> Evaluation:
    """The content of the file `path`; DataError when it is missing, damaged or from another version."""
    return read_json_as(path, Evaluation)


def read_training(path: Path) -> Training:
    """The content of the file `path`; DataError when it is missing, damaged or from another version."""
    return read_json_as(path, Training)


def write_result(path: Path, result: Evaluation | Training) -> None:
    """Write `result` to the file `path`."""
    write_json(path, to_json(result))
