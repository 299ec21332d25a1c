"""Stage clean: the words of each book, without licence and small print, as one UTF-8 text."""

from pathlib import Path

import click

from poet.books.manifest import MANIFEST, REMOVALS, Book, CleanBook, read_book, read_manifest, write_manifest
from poet.cleaning.duplicates import find_overlaps, is_within
from poet.cleaning.records import (
    BookRecord,
    record_book,
    removals_table,
    summarize_corpus,
    treat_duplicates,
    write_corpus,
)
from poet.cleaning.text import clean_text
from poet.costs import records_cost
from poet.files import read_text, replacing_folder, write_csv
from poet.params.file import load_params
from poet.params.sections import CleanSettings
from poet.progress import log, progress_bar

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.clean --raw data/raw/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--raw", type=PATH, required=True, help="The folder of raw books.")
@click.option("--out", type=PATH, required=True, help="The folder of cleaned books; it is replaced.")
@click.option("--quality", type=PATH, required=True, help="The file for the figures of all books, as JSON.")
@records_cost
def main(params: Path, raw: Path, out: Path, quality: Path) -> None:
    """Clean every downloaded book into one UTF-8 text."""
    clean(raw, load_params(params).clean, out=out, quality=quality)


def clean(raw: Path, settings: CleanSettings, *, out: Path, quality: Path) -> None:
    """Clean every book of the folder `raw` into the folder `out`, and write the figures of all to the file `quality`.

    Raises CleaningError for a book that cannot be cleaned, and for books that share much of their text when
    `settings.duplicates` is "fail".
    """
    books = read_manifest(raw / MANIFEST, Book)
    records: dict[str, BookRecord] = {}
    # The folder gets its name when everything is in it: a book that is refused leaves no half-filled folder.
    with replacing_folder(out) as folder:
        with progress_bar("clean", len(books)) as advance:
            for book in books:
                content, name = read_book(raw, book), f"{book.file} ({book.title})"
                hints = {"source": book.source, "language": book.language, "encoding": book.encoding}
                cleaned = clean_text(content, Path(book.file).suffix, name, settings, **hints)
                record = records[book.id] = record_book(book, cleaned)
                (folder / record.row.file).write_bytes(cleaned.text.encode("utf-8"))
                advance(1, book.title[:40])
        # A pair of books is known only when all are cleaned, so a dropped one was written already.
        overlaps = find_overlaps({book: record.sketch for book, record in records.items()})
        texts = {book: folder / record.row.file for book, record in records.items()}
        kept = treat_duplicates(
            records,
            overlaps,
            settings.duplicates,
            lambda book, other: is_within(read_text(texts[book]), read_text(texts[other])),
        )
        for dropped in records.keys() - kept.keys():
            (folder / records[dropped].row.file).unlink()
        rows = [record.row for record in kept.values()]
        write_manifest(folder / MANIFEST, rows, CleanBook)
        write_csv(folder / REMOVALS, removals_table(kept.values()))
    write_corpus(quality, summarize_corpus(kept.values(), overlaps))
    log(f"{len(rows)} books, {sum(row.characters for row in rows):,} characters in {out}")


if __name__ == "__main__":
    main()
