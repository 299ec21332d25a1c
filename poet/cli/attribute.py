"""`poet attribute`: which passages of any text occur in the books of a collection, and where.

The command traces texts (`poet.attribution.spans`) and shows the result in one of three ways: in the terminal, as a
page of HTML, or as the JSON of attribution.jsonl.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from poet.cli.folders import CLEAN, INDEX, REPORTS
from poet.cli.options import COLLECTION, PARAMS, built, chosen_collection
from poet.errors import DataError
from poet.project import in_project
from poet.report.highlight import cut_at_spans
from poet.report.languages import language_attributes, shared_language
from poet.results.attribution import AttributedSample, Span, to_json
from poet.terminal import printable, printable_json

# Background colours of the books, in turn: the light palette of Paul Tol, which colour-blind people can tell apart.
TINTS = ("#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33", "#aaaa00")

# The policy forbids scripts and every request, so that the page is harmless even if escaping had a hole.
PAGE = """<!doctype html>
<html lang="en" dir="ltr">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Passages found in the books</title>
<style>
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.6 serif; color: #111; background: #fff }}
p {{ white-space: pre-wrap; overflow-wrap: anywhere }} mark {{ color: #111; border-bottom: 2px solid #111 }}
mark.near {{ border-bottom-style: dotted }} sup {{ font-size: .7em }} li {{ overflow-wrap: anywhere }}
{tints}
</style>
<h1>Passages found in the books</h1>
{body}
<p>A passage that a book contains need not have been copied from it. A dotted line marks a near copy: it differs from
the book in case, quotes, dashes or white space.</p>
</html>
"""


@dataclass(frozen=True, kw_only=True)
class _TracedText:
    """A text and the spans that were found in it."""

    text: str
    found: AttributedSample


@dataclass(frozen=True, kw_only=True)
class _ShownBooks:
    """The books to show, by id: their numbers, from 1 in the order in which the texts quote them, and their titles.

    `language` is the one that all books of the collection share, or "".
    """

    numbers: dict[str, int]
    titles: dict[str, str]
    language: str


@click.command(epilog="Example: poet attribute poem.txt --collection shakespeare --min-length 20")
@click.argument("file", type=click.File("rb"), required=False)
@COLLECTION
@click.option("--index", "index_folder", type=click.Path(path_type=Path), help="An index, not the collection's.")
@click.option("--min-length", type=click.IntRange(min=1), help="Characters; by default attribute.min_length.")
@click.option("--samples", is_flag=True, help="Trace the samples of the collection's model, not a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one text a line, as in attribution.jsonl.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write a page of HTML instead of printing.")
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
    furniture = find_furniture(_texts(found.clean))
    traced = [
        _TracedText(
            text=text, found=attribute_text(index, number, text, length, furniture.running(text, before=prompt))
        )
        for number, prompt, text in _read_texts(file, found.samples)
    ]
    if as_json:
        for one in traced:
            click.echo(printable_json(to_json(one.found)))
        return
    books = _number_books(traced, found.clean)
    if page:
        write_text(page, _render_page(traced, books))
    else:
        _print(traced, books, length)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Where the command finds what it reads. `min_length` is that of params.yaml, None where it names none."""

    index: Path
    clean: Path | None
    samples: Path | None
    min_length: int | None


def _find(params: Path, name: str | None, index: Path | None, *, samples: bool) -> _Found:
    """The files of the collection `name`; an `index` of its own needs neither a collection nor a params.yaml."""
    from poet.params.file import load_params

    if index and not name and not samples and not params.exists():
        return _Found(index=index, clean=None, samples=None, min_length=None)
    settings = load_params(params)
    name = chosen_collection(settings, name)
    return _Found(
        index=index or built(settings, name, INDEX),
        clean=in_project(CLEAN / name),
        samples=built(settings, name, REPORTS, "samples.jsonl") if samples else None,
        min_length=settings.attribute.min_length,
    )


def _texts(clean: Path | None) -> Iterator[str]:
    """The texts of the books in the folder `clean`; none without it."""
    from poet.books.manifest import MANIFEST, CleanBook, read_manifest
    from poet.files import read_text

    if clean and (clean / MANIFEST).is_file():
        files = (clean / book.file for book in read_manifest(clean / MANIFEST, CleanBook))
        yield from (read_text(file) for file in files if file.is_file())


def _read_texts(file: IO[bytes] | None, samples: Path | None) -> list[tuple[int, str, str]]:
    """(number, prompt, text) of each text to trace: the samples in the file `samples`, without one that of `file`."""
    from poet.results.samples import read_samples

    # The samples keep their numbers; a file is number 0.
    if samples:
        return [(sample.sample, sample.prompt, sample.text) for sample in read_samples(samples)]
    assert file is not None
    try:
        return [(0, "", file.read().decode("utf-8"))]
    except UnicodeDecodeError as error:
        raise DataError(
            f"the text is not UTF-8 (byte {error.start}). Save it as UTF-8 and run the command again."
        ) from None


def _number_books(traced: Sequence[_TracedText], clean: Path | None) -> _ShownBooks:
    """The books of all spans, with the titles of the manifest in the folder `clean` if it is there.

    A book without an entry there is called by its id, as all are with the index of another collection.
    """
    from poet.books.manifest import MANIFEST, CleanBook, read_manifest

    # The keys of a dict are unique and keep their order.
    books = dict.fromkeys(source.book for one in traced for span in one.found.by_start() for source in span.sources)
    rows = read_manifest(clean / MANIFEST, CleanBook) if clean and (clean / MANIFEST).is_file() else []
    known = {row.id: f"{row.title} ({row.author})" if row.author else row.title for row in rows}
    return _ShownBooks(
        numbers={book: number for number, book in enumerate(books, start=1)},
        titles={book: known.get(book, book) for book in books},
        language=shared_language(row.language for row in rows),
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
        for piece in cut_at_spans(one.text, spans):
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


def _render_page(traced: Sequence[_TracedText], books: _ShownBooks) -> str:
    """One page of HTML. Every string from outside is escaped where it is inserted."""
    body = []
    for one in traced:
        spans = one.found.by_start()
        parts = []
        for piece in cut_at_spans(one.text, spans):
            text = html.escape(piece.text)
            parts.append(text if piece.span is None else _render_mark(text, spans[piece.span], books))
        body.append(f"<p{language_attributes(books.language)}>{''.join(parts)}</p>")
        rows = (f"<li>[{books.numbers[span.sources[0].book]}] {_describe(span, books)}</li>" for span in spans)
        body.append(f"<ul>{''.join(rows)}</ul>")
    # An ordered list numbers the books from 1, as `books` does.
    titles = "".join(f"<li><bdi>{html.escape(books.titles[book])}</bdi></li>" for book in books.numbers)
    body.append(f"<h2>Books</h2>\n<ol>{titles}</ol>")
    tints = "\n".join(f"mark.b{number} {{ background: {tint} }}" for number, tint in enumerate(TINTS))
    return PAGE.format(tints=tints, body="\n".join(body))


def _render_mark(escaped: str, span: Span, books: _ShownBooks) -> str:
    """The escaped text of a span in the tint of its first source, with the number of that book behind it."""
    number = books.numbers[span.sources[0].book]
    kind = f"b{(number - 1) % len(TINTS)}" + ("" if span.exact else " near")
    title = html.escape(_describe(span, books))
    return f'<mark class="{kind}" title="{title}">{escaped}<sup>{number}</sup></mark>'
