"""`poet attribute`: which passages of any text occur in the books of a collection, and where.

The command traces texts (`poet.attribution.spans`) and shows the result in one of three ways: in the terminal, as a
page of HTML, or as the JSON of attribution.jsonl.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from poet.cli.folders import CLEAN, INDEX, REPORTS
from poet.cli.options import COLLECTION, PARAMS, built, chosen_collection
from poet.errors import DataError
from poet.project import in_project
from poet.report.highlight import cut_at_spans
from poet.results.attribution import AttributedSample, Span, to_json
from poet.results.samples import Sample
from poet.terminal import printable, printable_json

if TYPE_CHECKING:
    from poet.books.manifest import CleanBook
    from poet.params.sections import ReportSettings

# Background colours of the books in the terminal, in turn: the light palette of Paul Tol, which colour-blind people can
# tell apart. The pale ones of page.css would all be white in a terminal of 16 colours.
TINTS = ("#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33", "#aaaa00")


@dataclass(frozen=True, kw_only=True)
class _TracedText:
    """A text and the spans that were found in it. The text of a file is a sample, too, of which only `text` counts."""

    sample: Sample
    found: AttributedSample


@dataclass(frozen=True, kw_only=True)
class _ShownBooks:
    """The books to print, by id: their numbers, from 1 in the order in which the texts quote them, and their titles."""

    numbers: dict[str, int]
    titles: dict[str, str]


PAGE = click.Path(path_type=Path, dir_okay=False)


@click.command(epilog="Example: poet attribute poem.txt --collection shakespeare --min-length 20")
@click.argument("file", type=click.File("rb"), required=False)
@COLLECTION
@click.option("--index", "index_folder", type=click.Path(path_type=Path), help="An index, not the collection's.")
@click.option("--min-length", type=click.IntRange(min=1), help="Characters; by default attribute.min_length.")
@click.option("--samples", is_flag=True, help="Trace the samples of the collection's model, not a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one text a line, as in attribution.jsonl.")
@click.option("--html", "page", type=PAGE, help="Write a page of HTML instead of printing.")
@PARAMS
def attribute(
    file: IO[bytes] | None,
    name: str | None,
    index_folder: Path | None,
    min_length: int | None,
    samples: bool,
    as_json: bool,
    page: Path | None,
    params: Path,
) -> None:
    """Show which passages of FILE (- for standard input) occur in which book, verbatim or nearly so."""
    # Exactly one of the two says what to trace.
    if samples == (file is not None):
        raise click.UsageError("give either a FILE (- for standard input) or --samples")
    if as_json and page:
        raise click.UsageError("give either --json or --html")
    found = _find(params, name, index_folder, samples=samples)

    # Imported here, so that `poet --help` need not wait for NumPy.
    from poet.attribution.furniture import find_furniture
    from poet.attribution.index import open_index
    from poet.attribution.least_length import BEGINNING, least_length
    from poet.attribution.spans import attribute_text
    from poet.files import write_text

    index = open_index(found.index)
    length = min_length or found.min_length or least_length(index.beginnings(BEGINNING))
    # Names and headings are those of the books where the books are here, else whatever has their shape.
    rows = _read_rows(found.clean)
    furniture = find_furniture(text for row in rows if (text := _read_book(found.clean, row)))
    traced = []
    for sample in _read_texts(file, found.samples):
        running = furniture.running(sample.text, before=sample.prompt)
        spans = attribute_text(index, sample.sample, sample.text, length, running)
        traced.append(_TracedText(sample=sample, found=spans))
    if as_json:
        for one in traced:
            click.echo(printable_json(to_json(one.found)))
    elif page:
        write_text(page, _render_page(traced, rows, found, _name(file), length))
    else:
        _print(traced, _number_books(traced, rows), length)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Where the command finds what it reads, the title of the collection, and what params.yaml says.

    Without a collection, `title` is "", and `report` and `min_length` are None, as is a length that no setting names.
    """

    index: Path
    clean: Path | None
    samples: Path | None
    title: str
    min_length: int | None
    report: "ReportSettings | None"


def _find(params: Path, name: str | None, index: Path | None, *, samples: bool) -> _Found:
    """The files of the collection `name`; an `index` of its own needs neither a collection nor a params.yaml."""
    from poet.params.file import load_params

    if index and not name and not samples and not params.exists():
        return _Found(index=index, clean=None, samples=None, title="", min_length=None, report=None)
    settings = load_params(params)
    name = chosen_collection(settings, name)
    return _Found(
        index=index or built(settings, name, INDEX),
        clean=in_project(CLEAN / name),
        samples=built(settings, name, REPORTS, "samples.jsonl") if samples else None,
        title=settings.collection(name).title,
        min_length=settings.attribute.min_length,
        report=settings.report,
    )


def _read_rows(clean: Path | None) -> "list[CleanBook]":
    """The rows of the manifest in the folder `clean`; none where it is missing."""
    from poet.books.manifest import MANIFEST, CleanBook, read_manifest

    return read_manifest(clean / MANIFEST, CleanBook) if clean and (clean / MANIFEST).is_file() else []


def _read_book(clean: Path | None, row: "CleanBook") -> str:
    """The cleaned text of a book; "" where it is missing."""
    from poet.files import read_text

    return read_text(clean / row.file) if clean and (clean / row.file).is_file() else ""


def _read_texts(file: IO[bytes] | None, samples: Path | None) -> list[Sample]:
    """The texts to trace: the samples in the file `samples`, without one that of `file`."""
    from poet.results.samples import read_samples

    if samples:
        return read_samples(samples)
    assert file is not None
    try:
        text = file.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"the text is not UTF-8 (byte {error.start}). Save it as UTF-8 and run the command again."
        ) from None
    return [_as_sample(text)]


def _as_sample(text: str) -> Sample:
    """The text of a file. Nobody sampled it, so nothing shows the settings of a sample."""
    return Sample(
        sample=0,
        prompt="",
        text=text,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        min_p=0.0,
        repetition_penalty=1.0,
        max_copy=0,
        seed=0,
        tokens=0,
    )


def _name(file: IO[bytes] | None) -> str:
    """What a page calls the text of `file`; "" for samples."""
    from poet.books.manifest import shown_name

    if file is None:
        return ""
    # Standard input has no name, or the number of its descriptor.
    name = getattr(file, "name", "")
    return shown_name(Path(name).name) if isinstance(name, str) and name not in ("", "<stdin>") else "standard input"


def _number_books(traced: Sequence[_TracedText], rows: "Sequence[CleanBook]") -> _ShownBooks:
    """The books of all spans, with the titles in `rows`.

    A book without an entry there is called by its id, as all are with the index of another collection.
    """
    # The keys of a dict are unique and keep their order.
    books = dict.fromkeys(source.book for one in traced for span in one.found.by_start() for source in span.sources)
    known = {row.id: f"{row.title} ({row.author})" if row.author else row.title for row in rows}
    return _ShownBooks(
        numbers={book: number for number, book in enumerate(books, start=1)},
        titles={book: known.get(book, book) for book in books},
    )


def _describe(span: Span, books: _ShownBooks) -> str:
    """The length of a span, where its first source contains it, how often all do, and which others do, in words."""
    # For example "25 characters at 1,234, 3 times, also in [2], near copy; surprise 61 bits".
    words = f"{span.length} characters at {span.sources[0].start:,}"
    count = sum(source.count for source in span.sources)
    if count > 1:
        words += f", {count} times"
    if span.shared:
        words += ", also in " + ", ".join(f"[{books.numbers[source.book]}]" for source in span.sources[1:])
    if not span.exact:
        words += ", near copy"
    return words + f"; surprise {span.surprise:.0f} bits"


def _print(traced: Sequence[_TracedText], books: _ShownBooks, min_length: int) -> None:
    """Print each text with its passages tinted, the list of its spans, and at the end the titles of the books."""
    from rich.console import Console
    from rich.text import Text

    # Without markup: "[1]" is text, and so is whatever looks like markup in a book.
    console = Console(markup=False, highlight=False, soft_wrap=True)

    def style(book: str) -> str:
        return f"black on {TINTS[(books.numbers[book] - 1) % len(TINTS)]}"

    for one in traced:
        # First the text: each passage tinted like its first source and followed by the number of that book.
        spans = one.found.by_start()
        line = Text()
        for piece in cut_at_spans(one.sample.text, spans, before=one.sample.prompt):
            shown = printable(piece.text)
            if piece.span is None:
                line.append(shown)
                continue
            span = spans[piece.span]
            book = span.sources[0].book
            line.append(shown, style=style(book) if span.exact else f"{style(book)} underline")
            line.append(f"[{books.numbers[book]}]", style="bold")
        console.print(line, end="\n\n")
        # Then the list of all spans, also of those that longer ones cover.
        for span in spans:
            book = span.sources[0].book
            console.print(Text(f"[{books.numbers[book]}]", style=style(book)), Text(_describe(span, books)))
    for book, number in books.numbers.items():
        title = printable(books.titles[book])
        console.print(Text(f"[{number}]", style=style(book)), Text(title, style="bold"))
    if not books.numbers:
        console.print(f"no passage of {min_length} characters or more occurs in the books")


def _render_page(
    traced: Sequence[_TracedText], rows: "Sequence[CleanBook]", found: _Found, name: str, min_length: int
) -> str:
    """The page of HTML."""
    from poet.params.sections import ReportSettings
    from poet.report.traced_page import Library, TracedTexts, traced_page

    texts = TracedTexts(
        samples=[one.sample for one in traced],
        attribution=[one.found for one in traced],
        name=name,
        min_length=min_length,
    )
    library = Library(rows=rows, read=lambda row: _read_book(found.clean, row), title=found.title)
    # Without params.yaml, no book is here that could give a context.
    no_context = ReportSettings(findings=0, source_context=0, passages_in_context=1)
    return traced_page(texts, library, found.report or no_context)
