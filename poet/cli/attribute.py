"""`poet attribute`: where the passages of any text stand in the books of a collection."""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

from poet.cli.folders import CLEAN, INDEX, REPORTS
from poet.cli.search import PARAMS
from poet.errors import DataError

# Background and text of the books' tints, in turn; from the colour-blind-safe palette of Paul Tol (light).
TINTS = ("#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33", "#aaaa00")

# What a terminal would obey rather than show, and marks that turn the direction of writing.
OBEYED = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(0x7F, 0xA0)) if code not in b"\n\t"}
OBEYED |= dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}")

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Where it stands</title>
<style>
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.6 serif; color: #111; background: #fff }}
p {{ white-space: pre-wrap; overflow-wrap: anywhere }} mark {{ color: #111; border-bottom: 2px solid #111 }}
mark.near {{ border-bottom-style: dotted }} sup {{ font-size: .7em }} li {{ overflow-wrap: anywhere }}
{tints}
</style>
<h1>Where it stands</h1>
{body}
<p>A passage is found in a book; that does not say it was copied from it. Dotted lines: but for case, quotes, dashes or
white space.</p>
</html>
"""


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """A text with its row of attribution.jsonl."""

    text: str
    row: dict[str, Any]

    @property
    def spans(self) -> list[dict[str, Any]]:
        """Verbatim spans and near copies, by start."""
        return sorted(self.row["spans"] + self.row["near"], key=lambda span: (span["start"], not span["exact"]))


@click.command(epilog="Example: poet attribute poem.txt --collection shakespeare --min-length 20")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--collection", "name", help="A collection that is built; by default the first in `build`.")
@click.option("--index", "index_folder", type=click.Path(path_type=Path), help="Instead of the collection's index.")
@click.option("--min-length", type=click.IntRange(min=1), help="Characters; instead of attribute.min_length.")
@click.option("--samples", is_flag=True, help="Take the samples of the collection's model instead of a file.")
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
    """Show which passages of FILE (- for standard input) stand in which book, verbatim or nearly so."""
    from poet.attribution.index import open_index
    from poet.attribution.spans import attribution_row
    from poet.files import write_text
    from poet.params.file import load_params

    if samples == (file is not None):
        raise click.UsageError("give either a FILE (- for standard input) or --samples")
    settings = load_params(params)
    name = name or settings.build[0]
    settings.collection(name)
    index = open_index(index_folder or INDEX / name)
    length = min_length or settings.attribute.min_length
    texts = _texts(file, REPORTS / name / "samples.jsonl")
    shown = [_Shown(text=text, row=attribution_row(index, number, text, length)) for number, text in texts]
    titles = _titles(CLEAN / name, index.books)
    if as_json:
        for one in shown:
            click.echo(json.dumps(one.row, ensure_ascii=False))
    elif page:
        write_text(page, _page(shown, titles))
    else:
        _print(shown, titles)


def _texts(file: IO[bytes] | None, samples: Path) -> list[tuple[int, str]]:
    """(number, text) of what is to be traced."""
    from poet.files import read_json_lines

    if file is None:
        return [(row["sample"], row["text"]) for row in read_json_lines(samples)]
    try:
        return [(0, file.read().decode("utf-8"))]
    except UnicodeDecodeError as error:
        raise DataError(f"the text is not UTF-8 (byte {error.start}). Save it as UTF-8 and try again.") from None


def _titles(clean: Path, books: Sequence[str]) -> dict[str, str]:
    """What to call each of `books`: title and author where the manifest has them, else its id."""
    from poet.books.manifest import MANIFEST, CleanBook, read_manifest

    rows = read_manifest(clean / MANIFEST, CleanBook) if (clean / MANIFEST).is_file() else []
    known = {row.id: f"{row.title} ({row.author})" if row.author else row.title for row in rows}
    return {book: known.get(book, book) for book in books}


def _numbers(shown: Sequence[_Shown]) -> dict[str, int]:
    """The books of all spans, numbered in the order in which they come up."""
    books = dict.fromkeys(source["book"] for one in shown for span in one.spans for source in span["sources"])
    return {book: number for number, book in enumerate(books, start=1)}


def _place(span: dict[str, Any], numbers: dict[str, int]) -> str:
    """Length, place and company of a span in words."""
    first, *others = span["sources"]
    words = f"{span['end'] - span['start']} characters at {first['start']:,}"
    count = sum(source["count"] for source in span["sources"])
    words += f", {count} times" if count > 1 else ""
    if others:
        words += ", also in " + ", ".join(f"[{numbers[source['book']]}]" for source in others)
    return words + ("" if span["exact"] else ", nearly so") + f"; surprise {span['surprise']:.0f} bits"


def _print(shown: Sequence[_Shown], titles: dict[str, str]) -> None:
    from rich.console import Console
    from rich.text import Text

    from poet.report.highlight import pieces

    numbers = _numbers(shown)
    console = Console(markup=False, highlight=False, soft_wrap=True)

    def style(book: str) -> str:
        return f"black on {TINTS[(numbers[book] - 1) % len(TINTS)]}"

    for one in shown:
        line = Text()
        for piece in pieces(one.text, one.spans):
            if piece.span is None:
                line.append(piece.text.translate(OBEYED))
                continue
            span = one.spans[piece.span]
            book = span["sources"][0]["book"]
            line.append(piece.text.translate(OBEYED), style=style(book) + ("" if span["exact"] else " underline"))
            line.append(f"[{numbers[book]}]", style="bold")
        console.print(line, end="\n\n")
        for span in one.spans:
            book = span["sources"][0]["book"]
            console.print(Text(f"[{numbers[book]}]", style=style(book)), Text(_place(span, numbers)))
    for book, number in numbers.items():
        console.print(Text(f"[{number}]", style=style(book)), Text(titles[book].translate(OBEYED), style="bold"))
    if not numbers:
        console.print("no passage so long stands in the books")


def _page(shown: Sequence[_Shown], titles: dict[str, str]) -> str:
    """One HTML page; every string from outside is escaped where it is put in."""
    from poet.report.highlight import pieces

    numbers, body = _numbers(shown), []
    for one in shown:
        parts = []
        for piece in pieces(one.text, one.spans):
            text = html.escape(piece.text)
            if piece.span is not None:
                span = one.spans[piece.span]
                number = numbers[span["sources"][0]["book"]]
                tint = f"b{(number - 1) % len(TINTS)}" + ("" if span["exact"] else " near")
                title = html.escape(_place(span, numbers))
                text = f'<mark class="{tint}" title="{title}">{text}<sup>{number}</sup></mark>'
            parts.append(text)
        body.append(f"<p>{''.join(parts)}</p>")
        rows = (f"<li>[{numbers[span['sources'][0]['book']]}] {_place(span, numbers)}</li>" for span in one.spans)
        body.append(f"<ul>{''.join(rows)}</ul>")
    books = "".join(f"<li>{html.escape(titles[book])}</li>" for book in numbers)
    body.append(f"<h2>Books</h2>\n<ol>{books}</ol>")
    tints = "\n".join(f"mark.b{number} {{ background: {tint} }}" for number, tint in enumerate(TINTS))
    return PAGE.format(tints=tints, body="\n".join(body))
