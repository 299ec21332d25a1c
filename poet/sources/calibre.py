"""Books of a Calibre library: its metadata.db, read only, and the TXT format of each book, else its EPUB."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from poet.books.manifest import safe_stem
from poet.errors import SourceError
from poet.params.sections import CalibreSource, DownloadSettings
from poet.project import left_behind
from poet.sources.fetched import FetchedBook

# One row per book that has a text, with the columns of CalibreBook: its TXT, which needs no conversion, else its EPUB.
# Several authors are joined in Calibre's own order; of several languages the first is taken.
BOOKS = """
    SELECT books.id, books.title, books.path, data.name, data.format,
           (SELECT group_concat(name, ' & ') FROM (SELECT authors.name FROM authors
              JOIN books_authors_link AS link ON link.author = authors.id WHERE link.book = books.id ORDER BY link.id)),
           (SELECT languages.lang_code FROM languages
              JOIN books_languages_link AS link ON link.lang_code = languages.id WHERE link.book = books.id
              ORDER BY link.item_order LIMIT 1)
    FROM books JOIN data ON data.book = books.id AND data.format = CASE
        WHEN EXISTS (SELECT 1 FROM data AS texts WHERE texts.book = books.id AND texts.format = 'TXT') THEN 'TXT'
        ELSE 'EPUB' END
    ORDER BY books.id
"""

# Calibre writes languages with three letters (ISO 639-2); Gutenberg and this project use two (ISO 639-1). A language
# that is not in this table keeps its three letters.
TWO_LETTERS = {"eng": "en", "deu": "de", "fra": "fr", "ita": "it", "spa": "es", "nld": "nl", "lat": "la", "ell": "el"}


@dataclass(frozen=True)
class CalibreBook:
    """A row of the query BOOKS; None where Calibre knows nothing. The file is `<folder>/<name>.<format>`."""

    number: int
    title: str
    folder: str
    name: str
    format: str
    authors: str | None
    language: str | None


def fetch_calibre(source: CalibreSource, settings: DownloadSettings) -> Iterator[FetchedBook]:
    """Every book of the library that has a TXT or EPUB format, in the order of Calibre's ids.

    Raises SourceError when `source.path` is no library, has no such book, or lacks a file that it lists. `settings` has
    no effect.
    """
    root = Path(source.path).expanduser()
    if help_text := left_behind(source.path):
        raise SourceError(help_text)
    books = _read_library(root)
    if not books:
        raise SourceError(
            f"the Calibre library {source.path} has no book in TXT or EPUB format; convert some in Calibre first"
        )
    for book in books:
        suffix = f".{book.format.lower()}"
        file = f"{book.folder}/{book.name}{suffix}"
        path = (root / file).resolve()
        # The database is only data: a path in it must not lead out of the library.
        if not path.is_relative_to(root.resolve()) or not path.is_file():
            raise SourceError(
                f"the Calibre library {source.path} lists {file}, but has no such file; run Calibre's check of the "
                "library"
            )
        yield FetchedBook(
            id=safe_stem(f"{book.number}-{book.title}"),
            title=book.title,
            # Calibre stores the comma of "Smith, John" as a bar, because commas separate names in its lists.
            author=(book.authors or "").replace("|", ","),
            language=TWO_LETTERS.get(book.language or "", book.language or ""),
            source=f"calibre:{file}",
            suffix=suffix,
            content=path.read_bytes(),
        )


def _read_library(root: Path) -> list[CalibreBook]:
    """The books with a text in the library `root`; SourceError when `root` is no readable library."""
    database = root / "metadata.db"
    if not database.is_file():
        raise SourceError(
            f"{root} is no Calibre library: it has no metadata.db. Set `path` to the folder that Calibre shows as its "
            "library."
        )
    # Read only and immutable: SQLite then takes no lock and writes nothing, also while Calibre itself is running.
    address = f"{database.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return [CalibreBook(*row) for row in connection.execute(BOOKS)]
    except sqlite3.Error as error:
        raise SourceError(
            f"{database} cannot be read as a Calibre library: {error}. Open the library in Calibre to repair it."
        ) from None
