"""The page of `poet attribute`: texts whose passages were looked up in books, with the same parts as a report.

The command also traces with an index whose books are not here, or are not those of the index. Then only their ids and
the places are known, and a note shows no quotation.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from poet.books.manifest import CleanBook
from poet.params.sections import ReportSettings
from poet.report.findings import contributions, paint
from poet.report.languages import shared_language
from poet.report.passages import COLOURS, Shelf, show_samples
from poet.report.render import render_page
from poet.results.attribution import AttributedSample
from poet.results.samples import Sample


@dataclass(frozen=True, kw_only=True)
class TracedTexts:
    """Texts, each with the spans that were found in it.

    `name` is that of the file with the text, which then is the only one and written by no model; "" for samples.
    """

    samples: Sequence[Sample]
    attribution: Sequence[AttributedSample]
    name: str
    min_length: int  # of a span, in characters


@dataclass(frozen=True, kw_only=True)
class Library:
    """What is known of the books: the `rows` of their manifest and the `title` of the collection, "" if there is none.

    `read` gives the cleaned text of a row, "" where it is not here.
    """

    rows: Sequence[CleanBook]
    read: Callable[[CleanBook], str]
    title: str


def traced_page(traced: TracedTexts, library: Library, settings: ReportSettings) -> str:
    """The HTML of the page."""
    shelf = make_shelf(traced, library)
    shown = show_samples(shelf, traced.samples, traced.attribution, settings)
    given = contributions(shown)
    return render_page(
        "traced.html",
        name=traced.name,
        title=library.title,
        shown=shown,
        passages=[passage for one in shown for passage in one.passages],
        min_length=traced.min_length,
        language=shared_language(row.language for row in library.rows),
        contributions=given,
        coloured=COLOURS,
        tints=paint(shelf, given),
    )


def make_shelf(traced: TracedTexts, library: Library) -> Shelf:
    """The books of `library`, then those that only the index knows, which are called by their ids."""
    known = {row.id: row for row in library.rows}
    quoted = quotations(traced)

    def read(book: str) -> str:
        text = library.read(known[book]) if book in known else ""
        # An index of its own can have other books by the same ids: the text of those would be no source.
        return text if all(text.startswith(words, start) for start, words in quoted[book]) else ""

    return Shelf([*library.rows, *(_unknown(book) for book in quoted if book not in known)], read)


def quotations(traced: TracedTexts) -> dict[str, list[tuple[int, str]]]:
    """What each book that spans name as a source has to contain by the index: (start, text), by the id of the book.

    The words of a near copy are not known, so its text is "": that stands at every place up to the end of a book.
    """
    texts = {sample.sample: sample.text for sample in traced.samples}
    quoted: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in traced.attribution:
        for span in row.by_start():
            words = texts[row.sample][span.start : span.end] if span.exact else ""
            for source in span.sources:
                quoted[source.book].append((source.start if span.exact else source.end, words))
    return dict(quoted)


def _unknown(book: str) -> CleanBook:
    """The row of a book of which only the id is known."""
    return CleanBook(
        id=book,
        title=book,
        author="",
        language="",
        source="",
        file="",
        bytes=0,
        sha256="",
        characters=0,
        removed_characters=0,
        flags="",
        removed="",
    )
