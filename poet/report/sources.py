"""The passages that samples share with books, ready to be shown: pieces, numbered books, context, places."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.corpus.manifest import CleanBook
from poet.files import read_text
from poet.report.highlight import Piece, pieces

GUTENBERG_PAGE = "https://www.gutenberg.org/ebooks/"


@dataclass(frozen=True, kw_only=True)
class ShownBook:
    """A book with the number that stands for it on the page."""

    number: int
    row: CleanBook

    @property
    def link(self) -> str:
        """Its page at Project Gutenberg, empty for books from elsewhere."""
        return GUTENBERG_PAGE + self.row.book if self.row.source.startswith("gutenberg:") else ""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A span with its first source in context."""

    book: ShownBook
    before: str
    match: str
    after: str
    place: float  # where in the book, as a share of its characters
    count: int
    also: list[ShownBook]


@dataclass(frozen=True, kw_only=True)
class ShownSample:
    """One sample, cut into pieces that point to `passages`."""

    row: dict[str, Any]
    pieces: list[Piece]
    passages: list[Passage]

    @property
    def copied(self) -> float:
        """The share of its characters that lie in a passage."""
        return sum(len(piece.text) for piece in self.pieces if piece.span is not None) / max(1, len(self.row["text"]))


class Shelf:
    """The books of a collection, and their texts one at a time as they are asked for."""

    def __init__(self, clean: Path, rows: Sequence[CleanBook]) -> None:
        self.clean = clean
        self.books = {row.book: ShownBook(number=i + 1, row=row) for i, row in enumerate(rows)}
        self._texts: dict[str, str] = {}

    def text(self, book: str) -> str:
        """The cleaned text of `book`."""
        if book not in self._texts:
            self._texts[book] = read_text(self.clean / self.books[book].row.file)
        return self._texts[book]

    def show(self, sample: dict[str, Any], spans: Sequence[dict[str, Any]], context: int) -> ShownSample:
        """`sample` with its `spans`, `context` characters of the source around each."""
        passages = [self._passage(span, context) for span in spans]
        return ShownSample(row=sample, pieces=pieces(sample["text"], spans), passages=passages)

    def _passage(self, span: dict[str, Any], context: int) -> Passage:
        first, *others = span["sources"]
        text, start, length = self.text(first["book"]), first["start"], span["end"] - span["start"]
        return Passage(
            book=self.books[first["book"]],
            before=text[max(0, start - context) : start],
            match=text[start : start + length],
            after=text[start + length : start + length + context],
            place=start / max(1, len(text)),
            count=sum(source["count"] for source in span["sources"]),
            also=[self.books[source["book"]] for source in others],
        )


def characters_by_book(samples: Sequence[ShownSample]) -> list[tuple[ShownBook, int]]:
    """How many characters of `samples` each book gave, most first, by number among equals."""
    counts: Counter[ShownBook] = Counter()
    for sample in samples:
        for piece in sample.pieces:
            if piece.span is not None:
                counts[sample.passages[piece.span].book] += len(piece.text)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0].number))
