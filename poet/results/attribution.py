"""attribution.jsonl: which passages of each sample stand in which book, one JSON object a line.

All positions are character offsets: `text[start:end]` in a sample's text, and in a book's cleaned text.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.files import read_json_lines_as, write_json_lines


@dataclass(frozen=True, kw_only=True)
class Source:
    """A book that contains a passage `count` times, the first time at the characters [start, end)."""

    book: str
    start: int
    end: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Span:
    """A passage `text[start:end]` that occurs in each of `sources`.

    An `exact` span occurs verbatim, a near copy up to what normalisation removes (`poet.attribution.normalise`).
    `surprise` ranks spans: the bits that the words of the passage cost one by one (`poet.attribution.surprise`).
    `running_words` and `running_surprise` count the complete words of its running text only, and their bits
    (`poet.attribution.furniture`); both are 0 in files of older versions.
    """

    start: int
    end: int
    exact: bool
    surprise: float
    sources: tuple[Source, ...]
    running_words: float = 0.0
    running_surprise: float = 0.0

    @property
    def shared(self) -> bool:
        """Whether several books contain the passage."""
        return len(self.sources) > 1

    @property
    def length(self) -> int:
        """Characters of the passage in the sample."""
        return self.end - self.start


@dataclass(frozen=True, kw_only=True)
class AttributedSample:
    """The verbatim `spans` of the sample with the number `sample`, and its near copies, each by start."""

    sample: int
    spans: tuple[Span, ...]
    near: tuple[Span, ...]

    def by_start(self) -> list[Span]:
        """Verbatim spans and near copies together; of two with the same start the verbatim one comes first."""
        return sorted((*self.spans, *self.near), key=lambda span: (span.start, not span.exact))


def to_json(attributed: AttributedSample) -> dict[str, Any]:
    """The row of attribution.jsonl for `attributed`, which `poet attribute --json` prints too."""
    return {
        "sample": attributed.sample,
        "spans": list(map(_span_to_json, attributed.spans)),
        "near": list(map(_span_to_json, attributed.near)),
    }


def _span_to_json(span: Span) -> dict[str, Any]:
    return {
        "start": span.start,
        "end": span.end,
        "exact": span.exact,
        "shared": span.shared,
        "surprise": span.surprise,
        "running_words": span.running_words,
        "running_surprise": span.running_surprise,
        "sources": list(map(dataclasses.asdict, span.sources)),
    }


def read_attribution(path: Path) -> list[AttributedSample]:
    """The rows of the file `path`; DataError when it is missing, damaged or from another version."""
    return read_json_lines_as(path, AttributedSample)


def write_attribution(path: Path, rows: Iterable[AttributedSample]) -> None:
    """Write `rows` to the file `path`."""
    write_json_lines(path, map(to_json, rows))
