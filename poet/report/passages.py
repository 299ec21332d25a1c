"""The passages that samples share with books, ready for a page: numbered books, places, context, pieces of text."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from poet.attribution.headings import Headings, find_headings
from poet.attribution.words import Words
from poet.books.manifest import PRIVATE, CleanBook
from poet.params.sections import ReportSettings
from poet.report.highlight import Piece, cut_at_tints, lay_out
from poet.report.ranked import RankedPiece, rank_code, ranked_pieces
from poet.results.attribution import AttributedSample, Span
from poet.results.samples import Sample

GUTENBERG_PAGE = "https://www.gutenberg.org/ebooks/"

# page.css defines this many colours (classes c0, c1, ...), for the books that gave most.
COLOURS = 8

# No word is longer, as far as showing whole words goes.
LONGEST_WORD = 100

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
    """A place in a book: its first character, and the nearest heading before it ("" if there is none).

    `share` is the share of the book before the place, None where the text of the book is not here.
    """

    book: ShownBook
    start: int
    heading: str
    share: float | None


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A span of a sample beside its first source, from its first complete word to its last one.

    `text` is the passage in the sample, where it has the characters [start, end); `match` is the same passage in the
    book, where it has the characters [match_start, match_end). The two are equal if the passage is `exact`; a near copy
    differs. `before` and `after` are the text of the book around the match. The passage occurs `count` times in all
    books; `also` lists the books other than the first source. `running_words` of its words are running text, and their
    surprise is `running_surprise`. The passages `inside` it, or that it covers for the most part, have no tint; they
    have no context and nothing inside.
    """

    text: str
    start: int
    end: int
    exact: bool
    surprise: float
    running_words: float
    running_surprise: float
    place: Place
    before: str
    match: str
    after: str
    match_start: int
    match_end: int
    count: int
    also: list[ShownBook]
    inside: list["Passage"]


@dataclass(frozen=True, kw_only=True)
class ShownSample:
    """A sample, its passages, and its text in pieces; `Piece.span` is an index into `passages`.

    `verbatim` is the share of the sample's characters in verbatim passages, `near` the share in near copies only.
    `ranked` is its text in tokens (`poet.report.ranked`), empty where the file has no ranks.
    """

    sample: Sample
    pieces: list[Piece]
    passages: list[Passage]
    verbatim: float
    near: float
    ranked: list[RankedPiece] = field(default_factory=list)

    @property
    def rank_code(self) -> str:
        """The ranks of the tokens for page.js."""
        return rank_code(self.ranked)


class Shelf:
    """The books of a collection in the order of their manifest; `read` gives the cleaned text of a book by its id.

    A text of "" is not here: its passages then have no context, and only the number of a character as their place.
    """

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
        length = len(self.text(book))
        share = start / length if length else None
        return Place(book=self.books[book], start=start, heading=self._headings(book).before(start), share=share)

    def passage(self, text: str, span: Span, context: int, before: str = "") -> Passage:
        """The passage `span` of a sample's `text`, with `context` characters of its first source on either side.

        `before` is the prompt of the sample, whose last word the text may go on with.
        """
        # The page shows one source in context, and the titles of the others.
        source, *others = span.sources
        book = self.text(source.book)
        shift = len(before)
        start, end = (place - shift for place in snapped(before + text, span.start + shift, span.end + shift))
        match_start, match_end = snapped(book, source.start, source.end)
        # A verbatim match has the words of the passage, wherever the book has a border.
        if span.exact:
            match_start, match_end = (place - span.start + source.start for place in (start, end))
        return Passage(
            text=text[start:end],
            start=start,
            end=end,
            exact=span.exact,
            surprise=span.surprise,
            running_words=span.running_words,
            running_surprise=span.running_surprise,
            place=self.place(source.book, match_start),
            before=book[max(0, match_start - context) : match_start],
            match=book[match_start:match_end],
            after=book[match_end : match_end + context],
            match_start=match_start,
            match_end=match_end,
            count=sum(source.count for source in span.sources),
            also=[self.books[source.book] for source in others],
            inside=[],
        )


def snapped(text: str, start: int, end: int) -> tuple[int, int]:
    """The complete words of the characters [start, end) of `text`; all of these characters if there is none."""
    # Only the words at the ends matter, so the text further away is not read.
    first = max(0, start - LONGEST_WORD)
    near = text[first : end + LONGEST_WORD]
    begin, stop = Words(near).snap(start - first, end - first)
    return (begin + first, stop + first) if begin < stop else (start, end)


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
    """`sample` with those passages of `attributed` that have a tint (`poet.report.highlight`).

    Passages with at least `least_surprise` bits are shown with `context` characters of the book on either side.
    """
    spans = attributed.by_start()
    tints = lay_out(sample.text, spans, before=sample.prompt)

    def passage(number: int, context: int) -> Passage:
        return shelf.passage(sample.text, spans[number], context, before=sample.prompt)

    passages = []
    for tint in tints:
        shown = passage(tint.span, context if spans[tint.span].surprise >= least_surprise else 0)
        passages.append(dataclasses.replace(shown, inside=[passage(number, 0) for number in tint.inside]))
    # The pieces count the passages of the page, not the spans of the file.
    numbered = [dataclasses.replace(tint, span=index) for index, tint in enumerate(tints)]

    # Shares of the exact spans, whatever the page shows of them: verbatim ones, and those of either kind.
    verbatim, either = covered(attributed.spans), covered(spans)
    length = max(1, len(sample.text))
    return ShownSample(
        sample=sample,
        pieces=cut_at_tints(sample.text, numbered),
        passages=passages,
        verbatim=verbatim / length,
        near=(either - verbatim) / length,
        ranked=ranked_pieces(sample),
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
