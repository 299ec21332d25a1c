"""The passages that samples share with books, ready to be shown: pieces, numbered books, context, places."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.books.manifest import CleanBook
from poet.files import read_text
from poet.report.headings import Headings, find_headings
from poet.report.highlight import Piece, pieces

# A near copy often reaches a character or two further than the exact ones in it, which is no news to a reader.
SLIVER = 2

GUTENBERG_PAGE = "https://www.gutenberg.org/ebooks/"


@dataclass(frozen=True, kw_only=True)
class ShownBook:
    """A book with the number that stands for it on the page."""

    number: int
    row: CleanBook

    @property
    def link(self) -> str:
        """Its page at Project Gutenberg, empty for books from elsewhere."""
        return GUTENBERG_PAGE + self.row.id if self.row.source.startswith("gutenberg:") else ""

    @property
    def tint(self) -> str:
        """The CSS classes of its colour and underline: no two of 32 books share both, neighbours share neither."""
        place = self.number - 1
        return f"c{place % 8} u{(place + place // 8) % 4}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a book a passage stands: the nearest heading before it, if any, and the share of the book before it."""

    book: ShownBook
    heading: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A span of a sample, and its first source in context."""

    text: str  # as in the sample; `match` is as in the book, which for a near copy differs
    exact: bool
    surprise: float
    place: Place
    before: str
    match: str
    after: str
    count: int
    also: list[ShownBook]


@dataclass(frozen=True, kw_only=True)
class ShownSample:
    """One sample, cut into pieces that point to `passages`."""

    row: dict[str, Any]
    pieces: list[Piece]
    passages: list[Passage]
    verbatim: float  # the share of its characters in verbatim passages
    near: float  # the share in near copies only


class Shelf:
    """The books of a collection, and their texts one at a time as they are asked for."""

    def __init__(self, clean: Path, rows: Sequence[CleanBook]) -> None:
        self.clean = clean
        self.books = {row.id: ShownBook(number=i + 1, row=row) for i, row in enumerate(rows)}
        self.text = functools.cache(self._text)
        self._headings = functools.cache(self._find_headings)

    def _text(self, book: str) -> str:
        """The cleaned text of `book`."""
        return read_text(self.clean / self.books[book].row.file)

    def _find_headings(self, book: str) -> Headings:
        return find_headings(self.text(book))

    def place(self, book: str, start: int) -> Place:
        """The character `start` of `book`, in words and as a share."""
        share = start / max(1, len(self.text(book)))
        return Place(book=self.books[book], heading=self._headings(book).before(start), share=share)

    def show(self, sample: dict[str, Any], row: dict[str, Any], context: int, quoted: float = 0) -> ShownSample:
        """`sample` with its `row` of attribution.jsonl; `context` characters of the source stand around each passage
        whose surprise is at least `quoted`. A passage that longer ones hide altogether is left out, and a near copy if
        they hide all but `SLIVER` characters.
        """
        text = sample["text"]
        spans = sorted(row["spans"] + row["near"], key=lambda span: (span["start"], not span["exact"]))
        seen = {
            piece.span
            for piece in pieces(text, spans)
            if piece.span is not None and (spans[piece.span]["exact"] or len(piece.core) > SLIVER)
        }
        spans = [span for number, span in enumerate(spans) if number in seen]
        verbatim, either = covered(row["spans"]), covered(row["spans"] + row["near"])
        return ShownSample(
            row=sample,
            pieces=pieces(text, spans),
            passages=[self._passage(text, span, context if span["surprise"] >= quoted else 0) for span in spans],
            verbatim=verbatim / max(1, len(text)),
            near=(either - verbatim) / max(1, len(text)),
        )

    def _passage(self, text: str, span: dict[str, Any], context: int) -> Passage:
        first, *others = span["sources"]
        book, start, end = self.text(first["book"]), first["start"], first["end"]
        return Passage(
            text=text[span["start"] : span["end"]],
            exact=span["exact"],
            surprise=span["surprise"],
            place=self.place(first["book"], start),
            before=book[max(0, start - context) : start],
            match=book[start:end],
            after=book[end : end + context],
            count=sum(source["count"] for source in span["sources"]),
            also=[self.books[source["book"]] for source in others],
        )


def covered(spans: Sequence[dict[str, Any]]) -> int:
    """How many characters lie in at least one of `spans`.

    >>> covered([{"start": 4, "end": 9}, {"start": 0, "end": 5}])
    9
    """
    total, reached = 0, 0
    for start, end in sorted((span["start"], span["end"]) for span in spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
