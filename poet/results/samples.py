"""samples.jsonl and training_samples.jsonl: the texts that a model wrote, one JSON object a line."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from poet.files import read_json_lines_as, write_json_lines


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A text that a trained model wrote: `text` follows `prompt` and does not contain it.

    `sample` numbers the samples of a file from 0. The other fields say how the text was sampled
    (`poet.params.sampling`); `max_copy` is the longest allowed copy in characters (0: no limit), `tokens` the length.

    Of each token, `ends` has the number of characters of `text` up to its end; a token that ends within a character
    ends before it. `ranks` and `probabilities` say how likely the model itself found the token, before temperature,
    limits and guards: rank 1 is the likeliest of all. All three are empty in files of older versions.
    """

    sample: int
    prompt: str
    text: str
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repetition_penalty: float
    max_copy: int
    seed: int
    tokens: int
    ends: tuple[int, ...] = ()
    ranks: tuple[int, ...] = ()
    probabilities: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TrainingSample:
    """A text that the model wrote during training, after `step` steps."""

    step: int
    prompt: str
    text: str


def read_samples(path: Path) -> list[Sample]:
    """The samples in the file `path`; DataError when it is missing, damaged or from another version."""
    return read_json_lines_as(path, Sample)


def write_samples(path: Path, samples: Iterable[Sample]) -> None:
    """Write `samples` to the file `path`."""
    write_json_lines(path, map(dataclasses.asdict, samples))


def sampling_sha256(samples: Iterable[Sample]) -> str:
    """The hash of how `samples` were written: prompts, temperatures and limits. How much two models copy compares if it
    is equal; seeds, and the number of samples and their length, only make the figure more or less certain.
    """
    keys = ("prompt", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "max_copy")
    ways = {json.dumps([getattr(sample, key) for key in keys]) for sample in samples}
    return hashlib.sha256("\n".join(sorted(ways)).encode("utf-8")).hexdigest()


def read_training_samples(path: Path) -> list[TrainingSample]:
    """The training samples in the file `path`; DataError when it is missing, damaged or from another version."""
    return read_json_lines_as(path, TrainingSample)


def write_training_samples(path: Path, samples: Iterable[TrainingSample]) -> None:
    """Write `samples` to the file `path`."""
    write_json_lines(path, map(dataclasses.asdict, samples))
