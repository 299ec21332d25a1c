"""Books of a Calibre library: its metadata.db, read only, and the TXT format of each book that has one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from poet.books.manifest import safe_stem
from poet.errors import SourceError
from poet.params.sections import CalibreSource
from poet.sources.fetched import FetchedBook

# One row per book with a text; several authors and languages are joined in Calibre's own order.
BOOKS = """
    SELECT books.id, books.title, books.path, data.name,
           (SELECT group_concat(name, ' & ') FROM (SELECT authors.name FROM authors
              JOIN books_authors_link AS link ON link.author = authors.id WHERE link.book = books.id ORDER BY link.id)),
           (SELECT languages.lang_code FROM languages
              JOIN books_languages_link AS link ON link.lang_code = languages.id WHERE link.book = books.id
              ORDER BY link.item_order LIMIT 1)
    FROM books JOIN data ON data.book = books.id AND data.format = 'TXT'
    ORDER BY books.id
"""

# Calibre writes languages with three letters, Gutenberg and file names with two.
TWO_LETTERS = {"eng": "en", "deu": "de", "fra": "fr", "ita": "it", "spa": "es", "nld": "nl", "lat": "la", "ell": "el"}


def fetch_calibre(source: CalibreSource) -> Iterator[FetchedBook]:
    """Every book of the library that has a TXT format, by Calibre's id; SourceError when there is none."""
    root = Path(source.path).expanduser()
    rows = _read_library(root)
    if not rows:
        raise SourceError(f"the Calibre library {source.path} has no book in TXT format; convert some in Calibre first")
    for number, title, folder, name, authors, language in rows:
        path = (root / folder / f"{name}.txt").resolve()
        if not path.is_relative_to(root.resolve()) or not path.is_file():
            raise SourceError(f"the Calibre library {source.path} lists {folder}/{name}.txt, which it does not hold")
        yield FetchedBook(
            id=safe_stem(f"{number}-{title}"),
            title=title,
            author=(authors or "").replace("|", ","),  # Calibre stores commas in names as bars
            language=TWO_LETTERS.get(language or "", language or ""),
            source=f"calibre:{folder}/{name}.txt",
            suffix=".txt",
            content=path.read_bytes(),
        )


def _read_library(root: Path) -> list[tuple[int, str, str, str, str | None, str | None]]:
    database = root / "metadata.db"
    if not database.is_file():
        raise SourceError(f"{root} is no Calibre library: it holds no metadata.db. Name the folder that Calibre shows.")
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            return connection.execute(BOOKS).fetchall()
    except sqlite3.Error as error:
        raise SourceError(f"{database} cannot be read as a Calibre library: {error}") from None
