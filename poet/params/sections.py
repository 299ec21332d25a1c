"""The settings of params.yaml as frozen dataclasses, and which values each may have.

Defaults stand in params.yaml, not here, so that the file shows the whole recipe; only what most people never touch has
a default below. `poet.params.file` reads the file.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from poet.errors import ConfigError
from poet.params.model import STRICT, Count, Heads, Layers, ModelSettings, Share, Width
from poet.params.page import PageSettings
from poet.params.sampling import SamplingLimits, Seed, Temperature
from poet.params.values import (
    NO_MODEL,
    CollectionName,
    Device,
    Line,
    Mirror,
    NotNegative,
    Positive,
    Prompt,
    Size,
    Title,
    did_you_mean,
)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class PackageSource:
    """Text files of an installed Python distribution. They are read as data; the package is never imported."""

    kind: Literal["package"]
    distribution: Line
    # A glob over the paths of the distribution's files.
    files: Line
    # The same for every file of the source.
    author: str
    language: str
    # The charset of the files, such as cp1252 or koi8-r; it overrules what they declare. "": each file is looked at.
    encoding: str = ""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class GutenbergSource:
    """Books of Project Gutenberg by their number, from the first of `download.mirrors` that has them."""

    kind: Literal["gutenberg"]
    ids: Annotated[list[Annotated[int, Field(ge=1, le=999_999)]], Field(min_length=1)]
    # The charset of the files, such as cp1252 or koi8-r; it overrules what they declare. "": each file is looked at.
    encoding: str = ""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class FolderSource:
    """Your own .txt files below `path`; `<title> - <author> - <language>.txt` names fill the manifest.

    With `aliases`, neutral names take the place of titles and authors everywhere.
    """

    kind: Literal["folder"]
    path: Line
    aliases: bool = False
    # The charset of the files, such as cp1252 or koi8-r; it overrules what they declare. "": each file is looked at.
    encoding: str = ""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CalibreSource:
    """The books of the Calibre library in the folder `path` that have a TXT format; `aliases` as for a folder."""

    kind: Literal["calibre"]
    path: Line
    aliases: bool = False
    # The charset of the files, such as cp1252 or koi8-r; it overrules what they declare. "": each file is looked at.
    encoding: str = ""


Source = Annotated[PackageSource | GutenbergSource | FolderSource | CalibreSource, Field(discriminator="kind")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Collection:
    """A shelf of books under one name."""

    title: Title
    sources: Annotated[list[Source], Field(min_length=1)]
    # Beginnings of samples; without any, the collection uses `sample.prompts`.
    prompts: list[Prompt] = Field(default_factory=list)
    # By book: training reads a book with weight 2 twice as often as the others, one with weight 0.5 half as often.
    weights: dict[str, Annotated[float, Field(gt=0, le=100)]] = Field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DownloadSettings:
    """Where Gutenberg books come from."""

    # Folders or http(s) addresses. Each book comes from the first of them that has it.
    mirrors: Annotated[list[Mirror], Field(min_length=1)]
    # Whether the stage continues without a book that no mirror has.
    allow_missing: bool
    # Larger files are refused.
    max_bytes: Size


# Parts of a text that cleaning can remove; poet.cleaning.segments finds them. Their order counts: where two parts
# overlap, the earlier one wins.
Part = Literal[
    "licence",
    "small_print",
    "credits",
    "transcriber_notes",
    "illustrations",
    "contents",
    "footnotes",
    "index",
    "prefaces",
]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CleanSettings:
    """What cleaning removes from a text."""

    drop: list[Part]
    # Whether to join the hard-wrapped lines of prose.
    unwrap: bool
    # The share of the text between the licence markers that must remain; less is an error, because a rule went wrong.
    minimum_kept: Share
    # What happens to two books that share much of their text.
    duplicates: Literal["warn", "drop", "fail"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SplitSettings:
    """Which text is never trained on: the last `validation` share of each book, and all of `held_out_books` (ids)."""

    validation: Annotated[float, Field(ge=0.001, le=0.5)]
    held_out_books: list[str]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TokenizeSettings:
    """`kind` is one of poet.tokenizers.kinds.KINDS; poet.params.file checks that.

    `vocab_size` counts all tokens; `char` and `byte` are as large as their alphabet whatever it says. The tokenizer is
    trained on a seeded sample of at most `train_characters` of the training text.
    """

    kind: str
    vocab_size: Annotated[int, Field(ge=2, le=1_000_000)]
    # The longest token of the n-gram kinds, in characters (ngram) or bytes (bytegram).
    max_ngram: Annotated[int, Field(ge=2, le=64)]
    # A word, n-gram or pair that is rarer gets no token.
    min_frequency: Count
    # Bounds the time and memory of the training of a tokenizer.
    train_characters: Size


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
    weight_decay: NotNegative
    # Muon's; AdamW has fixed averages.
    momentum: Share
    # A gradient with a larger norm is scaled down to this one; 0: never.
    clip_norm: NotNegative


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TrainSettings:
    """The training recipe. A step sees `batch_size` rows of `state_windows` windows of `model.sequence_len` tokens."""

    seed: Seed
    # The folder of the model whose weights the training starts from, and whose tokenizer it takes; NO_MODEL: of none.
    init_from: Line
    # auto, cuda, mps or cpu; auto takes the best that is present.
    device: Device
    # auto takes what the device multiplies fast. float16 scales its gradients, so that small ones are not lost.
    precision: Literal["auto", "float32", "bfloat16", "float16"]
    compile: Literal["auto", "on", "off"]
    # Processes on this machine, and whether each holds a part of the parameters instead of all. Neither changes more
    # than rounding.
    processes: Annotated[int, Field(ge=1, le=1024)]
    shard: bool
    # The time for the training, which then picks size, steps, validations, teachers and dropout by itself
    # (`poet.training.budget`); None: as the other keys say.
    minutes: Annotated[float, Field(gt=0, le=100_000)] | None
    # Models with other seeds that are trained first, with their size and steps; the model learns from what they expect.
    teachers: Annotated[int, Field(ge=0, le=100)]
    teacher_layers: Layers
    teacher_heads: Heads
    teacher_width: Width
    teacher_steps: Count
    steps: Count
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)]
    # Parts of a batch that are computed one after the other, where memory is short. Changes no more than rounding.
    accumulate: Annotated[int, Field(ge=1, le=1_000_000)]
    # Consecutive windows in a row, for a yoke with state.
    state_windows: Annotated[int, Field(ge=1, le=1024)]
    optimizer: OptimizerSettings
    # The learning rate rises over the first steps, and falls to zero over the last `cooldown` share of the steps.
    warmup_steps: Annotated[int, Field(ge=0, le=1_000_000_000)]
    cooldown: Annotated[float, Field(ge=0, le=1)]
    # Steps between two validations, and validations without a better one before training stops (0: it never stops
    # early).
    validate_every: Count
    patience: Annotated[int, Field(ge=0, le=1_000_000_000)]
    # A sample at each validation shows how far the model is.
    sample_prompt: Prompt
    sample_tokens: Annotated[int, Field(ge=1, le=1_000_000)]

    @property
    def start(self) -> Path | None:
        """The folder of `init_from`; None when the training starts from random weights."""
        return None if Path(self.init_from) == Path(NO_MODEL) else Path(self.init_from)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EvaluateSettings:
    """How a trained model is measured."""

    # Windows over the validation text move by this share of their length. The tokens that a window shares with the one
    # before are context only. A smaller stride gives more context and takes longer.
    stride: Annotated[float, Field(ge=0.001, le=1)]
    # Random passages of the training text whose beginnings the model gets, to see whether it completes them from
    # memory.
    extract_prompts: Annotated[int, Field(ge=1, le=1_000_000)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SampleSettings(SamplingLimits):
    """Every prompt is continued at every temperature, `samples` times, by `tokens` tokens.

    With `max_copy`, no sample holds a passage of more characters than that from the training text (0: no limit).
    """

    seed: Seed
    prompts: Annotated[list[Prompt], Field(min_length=1)]
    temperatures: Annotated[list[Temperature], Field(min_length=1)]
    max_copy: Annotated[int, Field(ge=0, le=1_000_000)]
    samples: Annotated[int, Field(ge=1, le=10_000)]
    tokens: Annotated[int, Field(ge=1, le=1_000_000)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class AttributeSettings:
    """Verbatim matches of at least `min_length` characters are spans.

    None takes the length that suits the language of the books (`poet.attribution.least_length`).
    """

    min_length: Annotated[int, Field(ge=1, le=1_000_000)] | None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class BenchmarkSettings:
    """The benchmark takes at most `minutes`; the most telling cases come first."""

    minutes: Annotated[float, Field(ge=0, le=1000)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ReportSettings:
    """How much the report shows: `findings` surprising passages at its top, `source_context` characters of the book on
    either side of a passage, for the `passages_in_context` most surprising ones only, so that the page stays small.
    """

    findings: Annotated[int, Field(ge=0, le=10_000)]
    source_context: Annotated[int, Field(ge=0, le=100_000)]
    passages_in_context: Count


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RuntimeSettings:
    """What may differ between machines without changing a result; no DVC stage depends on it."""

    # Seconds between two snapshots of a training: an interruption costs at most this much work.
    snapshot_seconds: Positive


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Params:
    """All of params.yaml."""

    build: Annotated[list[str], Field(min_length=1)]
    collections: dict[CollectionName, Collection]
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
    page: PageSettings
    runtime: RuntimeSettings

    def collection(self, name: str) -> Collection:
        """The collection called `name`; ConfigError lists the known ones."""
        if name not in self.collections:
            raise ConfigError(
                f"unknown collection {name!r}{did_you_mean(name, self.collections)}; params.yaml knows "
                f"{', '.join(self.collections)}"
            )
        return self.collections[name]
