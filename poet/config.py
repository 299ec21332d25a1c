"""params.yaml as frozen dataclasses: the only reader of YAML, and the only place that knows which values are allowed.

Everything wrong with the file is reported at once, by the key a user would edit. Defaults stand in params.yaml, not
here,
so that the file shows the whole recipe; only what most people never touch has a default below.
"""

import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from poet.errors import ConfigError

# A collection's name is also its folder and its DVC stage suffix.
NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"

# pydantic's words for a key that is not there.
MISSING = ("missing", "missing_argument")

STRICT = pydantic.ConfigDict(extra="forbid", strict=True)

Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class PackageSource:
    """Text files that an installed Python distribution carries; they are read as data, the package is never
    imported.
    """

    kind: Literal["package"]
    distribution: str
    files: str  # a glob over the files of the distribution
    author: str
    language: str


@dataclass(frozen=True, kw_only=True, config=STRICT)
class GutenbergSource:
    """Books of Project Gutenberg by their number, from the first of `download.mirrors` that has them."""

    kind: Literal["gutenberg"]
    ids: Annotated[list[Annotated[int, Field(ge=1, le=999_999)]], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class FolderSource:
    """Your own .txt files below `path`; `<title> - <author> - <language>.txt` names fill the manifest."""

    kind: Literal["folder"]
    path: str


Source = Annotated[PackageSource | GutenbergSource | FolderSource, Field(discriminator="kind")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Collection:
    """A shelf of books under one name; its prompts, where given, take the place of `sample.prompts`."""

    title: str
    sources: Annotated[list[Source], Field(min_length=1)]
    prompts: list[str] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DownloadSettings:
    """Where Gutenberg books come from: folders or http(s) addresses, asked in this order for each book."""

    mirrors: Annotated[list[str], Field(min_length=1)]
    allow_missing: bool


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CleanSettings:
    """How much of a text must survive cleaning, as a share of what lies between its licence markers."""

    minimum_kept: Share


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SplitSettings:
    """The last `validation` share of each book is never trained on; nor is any of `held_out_books`."""

    validation: Annotated[float, Field(gt=0, le=0.5)]
    held_out_books: list[str]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TokenizeSettings:
    """`vocab_size` counts all tokens of a `bpe` tokenizer; a `char` tokenizer is as large as its alphabet."""

    kind: Literal["char", "bpe"]
    vocab_size: Annotated[int, Field(ge=258, le=1_000_000)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ModelConfig:
    """The sizes of the transformer, in the field's usual terms."""

    n_layer: Count
    n_head: Count
    n_embd: Count
    sequence_len: Annotated[int, Field(ge=2)]
    softcap: Positive

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.n_embd % (2 * self.n_head):
            raise ValueError(
                f"n_embd ({self.n_embd}) must be a multiple of twice n_head ({self.n_head}): rotary positions turn "
                "pairs within a head"
            )
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class OptimizerSettings:
    """Muon trains the matrices of the blocks, AdamW embedding and head; each has a peak learning rate of its own."""

    matrix_learning_rate: Positive
    embedding_learning_rate: Positive
    head_learning_rate: Positive
    weight_decay: Annotated[float, Field(ge=0)]
    momentum: Share


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TrainSettings:
    """The training recipe; a step sees `batch_size` sequences of `model.sequence_len` tokens."""

    seed: Annotated[int, Field(ge=0)]
    device: str
    precision: Literal["auto", "float32", "bfloat16"]
    steps: Count
    batch_size: Count
    optimizer: OptimizerSettings
    warmup_steps: Annotated[int, Field(ge=0)]
    cooldown: Annotated[float, Field(ge=0, le=1)]
    validate_every: Count
    sample_prompt: Annotated[str, Field(min_length=1)]
    sample_tokens: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EvaluateSettings:
    """Each window of the validation text moves on by `stride` of its length; the part it repeats is context only."""

    stride: Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SampleSettings:
    """Every prompt at every temperature, `samples` times, `tokens` tokens long."""

    seed: Annotated[int, Field(ge=0)]
    prompts: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    temperatures: Annotated[list[Annotated[float, Field(ge=0, le=10)]], Field(min_length=1)]
    top_k: Annotated[int, Field(ge=0)]
    samples: Count
    tokens: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class AttributeSettings:
    """Verbatim matches of at least `min_length` characters count."""

    min_length: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class BenchmarkCase:
    """One model size to time."""

    name: str
    model: ModelConfig
    vocab_size: Count
    batch_size: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class BenchmarkSettings:
    """Medians over `iterations` timed steps after `warmup`; `generate_tokens` tokens are generated."""

    warmup: Annotated[int, Field(ge=0)]
    iterations: Count
    generate_tokens: Count
    cases: Annotated[list[BenchmarkCase], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ReportSettings:
    """How much the report shows."""

    source_context: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RuntimeSettings:
    """What may differ between machines without changing a result; no DVC stage depends on it."""

    snapshot_seconds: Positive


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Params:
    """All of params.yaml."""

    build: Annotated[list[str], Field(min_length=1)]
    collections: dict[Annotated[str, Field(pattern=NAME)], Collection]
    download: DownloadSettings
    clean: CleanSettings
    split: SplitSettings
    tokenize: TokenizeSettings
    model: ModelConfig
    train: TrainSettings
    evaluate: EvaluateSettings
    sample: SampleSettings
    attribute: AttributeSettings
    benchmark: BenchmarkSettings
    report: ReportSettings
    runtime: RuntimeSettings

    def collection(self, name: str) -> Collection:
        """The collection called `name`; ConfigError lists the known ones."""
        if name not in self.collections:
            raise ConfigError(f"unknown collection {name!r}; params.yaml knows {', '.join(self.collections)}")
        return self.collections[name]


_validator = pydantic.TypeAdapter(Params)


def load_params(path: Path) -> Params:
    """Read and check `path`; ConfigError lists every wrong key, type and value in it."""
    raw = _read_yaml(path)
    try:
        # By way of JSON: strict mode then takes a mapping for a dataclass, and still refuses "3" for a number.
        params = _validator.validate_json(json.dumps(raw, default=str))
    except pydantic.ValidationError as error:
        found = error.errors()
        missing = [problem["loc"] for problem in found if problem["type"] in MISSING]
        raise _config_error(path, [_describe(problem, missing) for problem in found] + _unknown_builds(raw)) from None
    if problems := _unknown_builds(raw):
        raise _config_error(path, problems)
    return params


def _config_error(path: Path, problems: list[str]) -> ConfigError:
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return ConfigError(f"{path} has {count}:\n" + "\n".join(f"  {problem}" for problem in problems))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = YAML(typ="safe").load(path)
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; run from the root of the project or pass --params") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} should hold keys and values, got {type(raw).__name__}")
    return raw


def _unknown_builds(raw: dict[str, Any]) -> list[str]:
    """Names in `build` that no collection has; checked on the raw file so that it is reported together with all
    else.
    """
    build, collections = raw.get("build"), raw.get("collections")
    if not isinstance(build, list) or not isinstance(collections, dict):
        return []
    return [
        f"build: unknown collection {name!r}{_suggestion(str(name), collections)}; known are "
        f"{', '.join(map(str, collections))}"
        for name in build
        if name not in collections
    ]


def _describe(problem: Any, missing: list[tuple[Any, ...]]) -> str:
    """One line for one pydantic problem: the key as written in params.yaml, what is wrong, what stands there."""
    where = problem["loc"]
    # After sources.0 comes the tag of the union, which is no key of the file.
    key = ".".join(str(part) for i, part in enumerate(where) if i < 2 or where[i - 2] != "sources")
    if problem["type"] == "unexpected_keyword_argument":
        return (
            f"{key}: unknown key{_suggestion(where[-1], [other[-1] for other in missing if other[:-1] == where[:-1]])}"
        )
    if problem["type"] in MISSING:
        return f"{key}: missing"
    message = (
        problem["msg"]
        .removeprefix("Value error, ")
        .replace("Input should", "should")
        .replace("array", "list")
        .replace("an object", "a mapping")
    )
    shown = isinstance(problem["input"], (str, int, float, bool, type(None)))
    return f"{key}: {message}, got {problem['input']!r}" if shown else f"{key}: {message}"


def _suggestion(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, [str(name) for name in known], n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
