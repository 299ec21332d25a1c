"""copying.json: how much of the samples is copied, beside the same figures for human text."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.errors import DataError, rebuild
from poet.files import read_json, write_json

# Match lengths, in characters, for which the share of copied text is given. 30 is a clause rather than a phrase, so the
# excess over human text is given there.
LENGTHS = (10, 20, 30, 50, 100)
EXCESS_AT = 30

# The key of the excess; those of the ends of its interval begin with it.
EXCESS = f"excess_at_{EXCESS_AT}"

# The key of the figures without furniture.
RUNNING_TEXT = "running_text"

# Lengths, in characters, of the n-grams of the novelty curve: the share of n-grams that occur in no book.
NOVELTY = (4, 8, 12, 16, 20, 30, 40, 50)

# Tokens that the model has to recite for a passage to count as extractable. 50 is the length in Carlini et al. (2022).
CONTINUATION = 50


@dataclass(frozen=True, kw_only=True)
class LongestMatch:
    """A longest verbatim match: its `text`, the number of the `sample`, the `book`, and its first character there."""

    book: str
    start: int
    text: str
    sample: int


@dataclass(frozen=True, kw_only=True)
class CopyingMetrics:
    """The copying metrics of some texts, which have `characters` characters together.

    `share_at[n]` is the share of the characters inside verbatim matches of at least n characters, for n in LENGTHS;
    `novelty[n]` the share of the n-grams that occur in no book, for n in NOVELTY, None when every text is shorter.
    `longest` is the length of the longest match. Of human text it is the mean of several draws, each as large as the
    samples. `excess` is `share_at[EXCESS_AT]` less that of human text, `excess_interval` its 95 % interval; None where
    there is no text to compare, or too little for an interval.

    Of running text, all of these count its characters only. The text of `longest_match` also shows the furniture inside
    the match, so it can be longer than `longest`.
    """

    share_at: Mapping[int, float]
    longest: float
    longest_match: LongestMatch | None
    novelty: Mapping[int, float | None]
    characters: int
    excess: float | None = None
    excess_interval: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class RunningText:
    """The copying metrics of running text: the same figures without furniture (`poet.attribution.furniture`).

    A match counts with its characters of running text: furniture inside it neither ends it nor makes it longer
    (`poet.metrics.copying`). `surprise` is that of the samples' most surprising passage of running text in bits, 0
    without one; `human_surprise` that of human text, the mean of several draws as large as the samples.
    """

    samples: CopyingMetrics
    by_temperature: Mapping[str, CopyingMetrics]
    human: CopyingMetrics
    surprise: float
    human_surprise: float

    @property
    def exceeds_people(self) -> bool | None:
        """Whether the samples copy more than people beyond doubt: the whole interval of the excess is above 0.

        None where there is too little text for an interval.
        """
        interval = self.samples.excess_interval
        return None if interval is None else interval[0] > 0


@dataclass(frozen=True, kw_only=True)
class Copying:
    """The copying metrics of all samples, of the samples of each temperature, and of human text.

    `human` is text that the model never saw: validation parts and held-out books. `running_text` has the same without
    furniture; pages and tables show its figures as the headline. `extractable` is the share of passages of the training
    text that the model completes from memory, by the number of tokens that it is given (`poet.metrics.memorization`);
    None where a passage does not fit.
    """

    samples: CopyingMetrics
    by_temperature: Mapping[str, CopyingMetrics]
    human: CopyingMetrics
    running_text: RunningText
    extractable: Mapping[str, float | None]


def to_json(copying: Copying) -> dict[str, Any]:
    """The content of copying.json."""
    running = copying.running_text
    return {
        **_texts_to_json(copying),
        RUNNING_TEXT: {
            **_texts_to_json(running),
            "surprise": running.surprise,
            "human_surprise": running.human_surprise,
        },
        "extractable": dict(copying.extractable),
    }


def _texts_to_json(copying: Copying | RunningText) -> dict[str, Any]:
    return {
        **_compared_to_json(copying.samples),
        "by_temperature": {
            temperature: _compared_to_json(metrics) for temperature, metrics in copying.by_temperature.items()
        },
        "human": _metrics_to_json(copying.human),
    }


def _compared_to_json(metrics: CopyingMetrics) -> dict[str, Any]:
    return _metrics_to_json(metrics) | excess_to_json(metrics.excess, metrics.excess_interval)


def excess_to_json(excess: float | None, interval: tuple[float, float] | None) -> dict[str, float | None]:
    """The excess and the ends of its interval by their keys, in copying.json and wherever they are copied to."""
    low, high = interval or (None, None)
    return {EXCESS: excess, f"{EXCESS}_low": low, f"{EXCESS}_high": high}


def read_interval(figures: Mapping[str, Any], prefix: str = "") -> tuple[float, float] | None:
    """The interval that `excess_to_json` wrote to `figures`, whose keys begin with `prefix`; None without one."""
    low, high = (figures.get(f"{prefix}{EXCESS}_{end}") for end in ("low", "high"))
    return None if low is None or high is None else (low, high)


def _metrics_to_json(metrics: CopyingMetrics) -> dict[str, Any]:
    match = metrics.longest_match
    return {
        **{f"share_at_{length}": metrics.share_at[length] for length in LENGTHS},
        "longest": metrics.longest,
        "longest_match": None if match is None else dict(vars(match)),
        "novelty": {str(n): metrics.novelty[n] for n in NOVELTY},
        "characters": metrics.characters,
    }


def read_copying(path: Path) -> Copying:
    """The content of the file `path`; DataError when it is missing, damaged or from another version."""
    content = read_json(path)
    try:
        running = content[RUNNING_TEXT]
        return Copying(
            **_texts_from_json(content),
            running_text=RunningText(
                **_texts_from_json(running), surprise=running["surprise"], human_surprise=running["human_surprise"]
            ),
            extractable=content["extractable"],
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} does not hold copying metrics as this version writes them ({type(error).__name__}: {error}). "
            f"{rebuild(path)}"
        ) from None


def _texts_from_json(content: dict[str, Any]) -> dict[str, Any]:
    """The fields that `Copying` and `RunningText` share."""
    return {
        "samples": _metrics_from_json(content),
        "by_temperature": {
            temperature: _metrics_from_json(metrics) for temperature, metrics in content["by_temperature"].items()
        },
        "human": _metrics_from_json(content["human"]),
    }


def _metrics_from_json(content: dict[str, Any]) -> CopyingMetrics:
    match = content["longest_match"]
    return CopyingMetrics(
        share_at={length: content[f"share_at_{length}"] for length in LENGTHS},
        longest=content["longest"],
        longest_match=None if match is None else LongestMatch(**match),
        novelty={n: content["novelty"][str(n)] for n in NOVELTY},
        characters=content["characters"],
        # The metrics of human text have none.
        excess=content.get(EXCESS),
        excess_interval=read_interval(content),
    )


def write_copying(path: Path, copying: Copying) -> None:
    """Write `copying` to the file `path`."""
    write_json(path, to_json(copying))
