"""The settings of params.yaml as frozen dataclasses, and which values each may have.

Defaults stand in params.yaml, not here, so that the file shows the whole recipe; only what most people never touch has
a default below. `poet.params.file` reads the file.
"""

import dataclasses
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from poet.errors import ConfigError
from poet.params.model import STRICT, Count, ModelSettings, Share
from poet.params.sampling import SamplingLimits, SamplingParams, Seed, Temperature

# A collection's name is also its folder and its DVC stage suffix.
NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"

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
    """Your own .txt files below `path`; `<title> - <author> - <language>.txt` names fill the manifest.

    With `aliases`, neutral names take the place of titles and authors everywhere.
    """

    kind: Literal["folder"]
    path: str
    aliases: bool = False


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CalibreSource:
    """The books of the Calibre library in the folder `path` that have a TXT format; `aliases` as for a folder."""

    kind: Literal["calibre"]
    path: str
    aliases: bool = False


Source = Annotated[PackageSource | GutenbergSource | FolderSource | CalibreSource, Field(discriminator="kind")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Collection:
    """A shelf of books under one name; its prompts, where given, take the place of `sample.prompts`.

    A book with weight 2 in `weights` is read twice as often in training as the others, one with 0.5 half as often.
    """

    title: str
    sources: Annotated[list[Source], Field(min_length=1)]
    prompts: list[str] = Field(default_factory=list)
    weights: dict[str, Annotated[float, Field(gt=0, le=100)]] = Field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DownloadSettings:
    """Where Gutenberg books come from: folders or http(s) addresses, asked in this order for each book."""

    mirrors: Annotated[list[str], Field(min_length=1)]
    allow_missing: bool
    max_bytes: Count  # of one file


# Parts of a text that cleaning can take out.
Part = Literal[
    "licence",
    "small_print",
    "credits",
    "transcriber_notes",
    "illustrations",
    "contents",
    "prefaces",
    "footnotes",
    "index",
]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CleanSettings:
    """What cleaning takes out, and how much of what lies between the licence markers must survive it, as a share."""

    drop: list[Part]
    unwrap: bool
    minimum_kept: Share
    duplicates: Literal["warn", "drop", "fail"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SplitSettings:
    """The last `validation` share of each book is never trained on; nor is any of `held_out_books`."""

    validation: Annotated[float, Field(gt=0, le=0.5)]
    held_out_books: list[str]


TokenizerKind = Literal["char", "byte", "word", "ngram", "bytegram", "bpe"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TokenizeSettings:
    """`vocab_size` counts all tokens; `char` and `byte` are as large as their alphabet whatever it says.

    The tokenizer is fitted to a seeded sample of at most `train_characters` of the training text.
    """

    kind: TokenizerKind
    vocab_size: Annotated[int, Field(ge=2, le=1_000_000)]
    max_ngram: Annotated[int, Field(ge=2, le=64)]  # characters (ngram) or bytes (bytegram) in the longest token
    min_frequency: Count  # a word, n-gram or pair that is rarer gets no token
    train_characters: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class OptimizerSettings:
    """Muon trains the matrices of the blocks, AdamW embedding and head, each with a peak learning rate of its own; or
    AdamW trains all with `learning_rate`. "auto" takes AdamW for the preset classic, else Muon.
    """

    kind: Literal["auto", "muon", "adamw"]
    matrix_learning_rate: Positive
    embedding_learning_rate: Positive
    head_learning_rate: Positive
    learning_rate: Positive
    weight_decay: Annotated[float, Field(ge=0)]
    momentum: Share
    clip_norm: Annotated[float, Field(ge=0)]  # longer gradients are cut to this length; 0: never


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TrainSettings:
    """The training recipe; a step sees `batch_size` rows of `state_windows` windows of `model.sequence_len` tokens.

    It may compute them in `accumulate` parts, on `processes` processes, with the parameters divided among them by
    `shard`; that changes nothing but rounding. Training stops after `patience` validations without a better one (0:
    never).
    """

    seed: Annotated[int, Field(ge=0)]
    device: str
    precision: Literal["auto", "float32", "bfloat16"]
    compile: Literal["auto", "on", "off"]
    processes: Count
    shard: bool
    steps: Count
    batch_size: Count
    accumulate: Count
    state_windows: Count
    optimizer: OptimizerSettings
    warmup_steps: Annotated[int, Field(ge=0)]
    cooldown: Annotated[float, Field(ge=0, le=1)]
    validate_every: Count
    patience: Annotated[int, Field(ge=0)]
    sample_prompt: Annotated[str, Field(min_length=1)]
    sample_tokens: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EvaluateSettings:
    """Each window of the validation text moves on by `stride` of its length; the part it repeats is context only.

    `extract_prompts` random passages of the training text are given to be completed from memory.
    """

    stride: Annotated[float, Field(gt=0, le=1)]
    extract_prompts: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SampleSettings(SamplingLimits):
    """Every prompt is continued at every temperature, `samples` times, by `tokens` tokens.

    With `max_copy`, no sample holds a passage of more characters than that from the training text (0: no limit).
    """

    seed: Seed
    prompts: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    temperatures: Annotated[list[Temperature], Field(min_length=1)]
    max_copy: Annotated[int, Field(ge=0)]
    samples: Count
    tokens: Count

    def sampling_params(self, temperature: float, seed: int) -> SamplingParams:
        """The parameters of one sample: these limits, with a temperature and a seed."""
        limits = {field.name: getattr(self, field.name) for field in dataclasses.fields(SamplingLimits)}
        return SamplingParams(temperature=temperature, seed=seed, **limits)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class AttributeSettings:
    """Verbatim matches of at least `min_length` characters count."""

    min_length: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class BenchmarkCase:
    """One model size to time."""

    name: str
    model: ModelSettings
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
    """How much the report shows: `findings` surprising passages at its top, `source_context` characters of the book on
    either side of a passage, and that of the `quotes` most surprising ones, so that the page stays small.
    """

    findings: Annotated[int, Field(ge=0)]
    source_context: Annotated[int, Field(ge=0)]
    quotes: Count


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
    model: ModelSettings
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
