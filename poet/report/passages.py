"""The passages that samples share with books, ready for a page: numbered books, places, context, pieces of text."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from poet.books.manifest import PRIVATE, CleanBook
from poet.params.sections import ReportSettings
from poet.report.headings import Headings, find_headings
from poet.report.highlight import Piece, cut_at_spans
from poet.results.attribution import AttributedSample, Span
from poet.results.samples import Sample

GUTENBERG_PAGE = "https://www.gutenberg.org/ebooks/"

# page.css defines this many colours (classes c0, c1, ...), for the books that gave most.
COLOURS = 8

# Texts of books that are kept in memory at a time.
TEXTS_IN_MEMORY = 64


@dataclass(frozen=True, kw_only=True)
class ShownBook:
    """A book, `row` of its manifest, with the number by which the page refers to it. Numbers start at 1."""

    number: int
    row: CleanBook

    @property
    def link(self) -> str:
        """The address of the book's page at Project Gutenberg; empty for a book from elsewhere."""
        return GUTENBERG_PAGE + self.row.id if self.row.source.startswith("gutenberg:") else ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in a book: the nearest heading before it ("" if there is none), and the share of the book before it."""

    book: ShownBook
    heading: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A span of a sample beside its first source.

    `text` is the passage in the sample, `match` the same passage in the book. The two are equal if the passage is
    `exact`; a near copy differs. `before` and `after` are the text of the book around the match. The passage occurs
    `count` times in all books; `also` lists the books other than the first source.
    """

    text: str
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
    """A sample, its passages, and its text in pieces; `Piece.span` is an index into `passages`.

    `verbatim` is the share of the sample's characters in verbatim passages, `near` the share in near copies only.
    """

    sample: Sample
    pieces: list[Piece]
    passages: list[Passage]
    verbatim: float
    near: float


class Shelf:
    """The books of a collection in the order of their manifest; `read` gives the cleaned text of a book by its id."""

    def __init__(self, books: Sequence[CleanBook], read: Callable[[str], str]) -> None:
        self.books = {book.id: ShownBook(number=number, row=book) for number, book in enumerate(books, start=1)}
        # A book is read when a passage is found in it. Memory stays bounded however large the library is.
        self.text = functools.lru_cache(maxsize=TEXTS_IN_MEMORY)(read)
        # The search for headings reads a whole book, so it runs once per book, and only for books with a passage.
        self._headings = functools.cache(self._find_headings)

    def _find_headings(self, book: str) -> Headings:
        # The headings of a private book can name what its alias hides.
        private = self.books[book].row.source == PRIVATE
        return Headings([], []) if private else find_headings(self.text(book))

    def place(self, book: str, start: int) -> Place:
        """The place of the character `start` in the book with the id `book`."""
        # `max` keeps an empty book from dividing by zero.
        share = start / max(1, len(self.text(book)))
        return Place(book=self.books[book], heading=self._headings(book).before(start), share=share)

    def passage(self, text: str, span: Span, context: int) -> Passage:
        """The passage `span` of a sample's `text`, with `context` characters of its first source on either side."""
        # The page shows one source in context, and the titles of the others.
        first, *others = span.sources
        book = self.text(first.book)
        return Passage(
            text=text[span.start : span.end],
            exact=span.exact,
            surprise=span.surprise,
            place=self.place(first.book, first.start),
            before=book[max(0, first.start - context) : first.start],
            match=book[first.start : first.end],
            after=book[first.end : first.end + context],
            count=sum(source.count for source in span.sources),
            also=[self.books[source.book] for source in others],
        )


def show_samples(
    shelf: Shelf, samples: Sequence[Sample], attribution: Sequence[AttributedSample], settings: ReportSettings
) -> list[ShownSample]:
    """All `samples` with their passages.

    The `settings.passages_in_context` most surprising passages of all samples together are shown with
    `settings.source_context` characters of the book on either side, the others without.
    """
    attributed = {row.sample: row for row in attribution}
    ranked = sorted((span.surprise for row in attributed.values() for span in row.by_start()), reverse=True)
    # The smallest surprise of a passage in context; passages that tie with the last one are in context too.
    limit = settings.passages_in_context
    least = ranked[limit - 1] if len(ranked) > limit else 0.0
    return [show_sample(shelf, sample, attributed[sample.sample], settings.source_context, least) for sample in samples]


def show_sample(
    shelf: Shelf, sample: Sample, attributed: AttributedSample, context: int, least_surprise: float = 0.0
) -> ShownSample:
    """`sample` with those passages of `attributed` that a reader can see.

    Passages with at least `least_surprise` bits are shown with `context` characters of the book on either side.
    """
    # A passage that longer ones cover completely has no piece, so it is left out. So is a near copy of which no more
    # than a tiny piece is visible. Both still count in the shares below.
    spans = attributed.by_start()
    visible = {
        piece.span
        for piece in cut_at_spans(sample.text, spans)
        if piece.span is not None and (spans[piece.span].exact or not piece.tiny)
    }
    spans = [span for index, span in enumerate(spans) if index in visible]

    # Characters in verbatim passages, and in passages of either kind.
    verbatim, either = covered(attributed.spans), covered(attributed.by_start())
    length = max(1, len(sample.text))
    return ShownSample(
        sample=sample,
        pieces=cut_at_spans(sample.text, spans),
        passages=[
            shelf.passage(sample.text, span, context if span.surprise >= least_surprise else 0) for span in spans
        ],
        verbatim=verbatim / length,
        near=(either - verbatim) / length,
    )


def covered(spans: Sequence[Span]) -> int:
    """The number of characters that lie in at least one of `spans`.

    >>> def span(start: int, end: int) -> Span:
    ...     return Span(start=start, end=end, exact=True, surprise=0.0, sources=())
    >>> covered([span(4, 9), span(0, 5)])
    9
    """
    total, reached = 0, 0
    for span in sorted(spans, key=lambda span: span.start):
        # Characters before `reached` are counted already.
        total += max(0, span.end - max(span.start, reached))
        reached = max(reached, span.end)
    return total
