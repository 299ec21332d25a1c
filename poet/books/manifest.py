"""The table of books beside the texts of a collection: one row per book, in the order of the collection.

There are three kinds of row: `Book` after the download, `CleanBook` after cleaning, `MissingBook` for a book that no
source had.
"""

import dataclasses
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from poet.errors import DataError
from poet.files import write_csv

# The files of this module in a folder of books: rows of Book or CleanBook; rows of MissingBook, beside raw books; and
# every part that cleaning removed, beside cleaned books.
MANIFEST = "manifest.csv"
MISSING = "missing.csv"
REMOVALS = "removals.csv"

# The longest file stem, in characters. Most file systems allow 255 bytes for a name; 80 leaves room for suffixes,
# temporary names and the folders around the file.
MAX_STEM = 80


@dataclass(frozen=True, kw_only=True)
class Book:
    """A book as it was fetched.

    `id` is unique in the collection and the stem of `file`. `source` is the place that the book came from, such as
    `gutenberg:cache/epub/158/pg158.txt`. `bytes` and `sha256` describe the content of `file`. `encoding` is the charset
    that the settings of the source name, usually none.
    """

    id: str
    title: str
    author: str
    language: str
    source: str
    file: str
    bytes: int
    sha256: str
    encoding: str = ""


@dataclass(frozen=True, kw_only=True)
class CleanBook(Book):
    """A book after cleaning; `file`, `bytes` and `sha256` are those of the cleaned text.

    `removed` sums up each rule as `rule:parts:bytes`, separated by spaces. `flags` are remarks, separated by spaces.
    `decoding` tells how a file that is not plain UTF-8 was read, as `cp1251 guessed 0.71`.
    """

    characters: int
    removed_characters: int
    flags: str
    removed: str
    decoding: str = ""


@dataclass(frozen=True, kw_only=True)
class MissingBook:
    """A book that no source had; `tried` lists every address with the reason of its failure, separated by `; `."""

    id: str
    title: str
    author: str
    tried: str


# The column of the id. The field is called `id`, because `book.book` reads badly.
ID_COLUMN = "book"

# Columns that a manifest has only where a row has something in them: most collections need neither.
OPTIONAL_COLUMNS = ("encoding", "decoding")

Row = TypeVar("Row", Book, CleanBook, MissingBook)


def safe_stem(name: str) -> str:
    """A file stem for any `name`: lower-case ASCII letters, digits and dashes only, at most MAX_STEM characters.

    >>> safe_stem("Émile, ou/../De l'éducation")
    'emile-ou-de-l-education'
    >>> safe_stem("道德經")
    'book'
    """
    # NFKD splits "é" into "e" and an accent; encoding to ASCII then drops the accent.
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    # No dot and no slash survives, so that no title can name a file outside its folder.
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:MAX_STEM].strip("-") or "book"


def write_manifest(path: Path, rows: Iterable[Row], kind: type[Row]) -> None:
    """Write `rows` as CSV. The columns are the fields of `kind`, also when there is no row.

    A column of OPTIONAL_COLUMNS that is empty in all rows is left out.
    """
    table = pd.DataFrame(
        [dataclasses.asdict(row) for row in rows], columns=[field.name for field in dataclasses.fields(kind)]
    )
    unused = [name for name in OPTIONAL_COLUMNS if name in table and not table[name].any()]
    table = table.drop(columns=unused)
    write_csv(path, table.rename(columns={"id": ID_COLUMN}))


def read_manifest(path: Path, kind: type[Row]) -> list[Row]:
    """The rows of `path` as `kind`; DataError when the file is missing or has other columns."""
    fields = {ID_COLUMN if field.name == "id" else field.name: field.type for field in dataclasses.fields(kind)}
    try:
        # Without `dtype`, pandas would read the id "007" as 7; without `keep_default_na`, the title "NA" as missing.
        table = pd.read_csv(path, dtype=fields, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Run `dvc repro` to build it.") from None
    except ValueError as error:
        raise DataError(f"{path} is not a manifest: {error}. Remove it and run `dvc repro`.") from None
    if list(table.columns) != [name for name in fields if name in table or name not in OPTIONAL_COLUMNS]:
        raise DataError(
            f"{path} has columns {', '.join(table.columns)}; expected {', '.join(fields)}. Remove it and run `dvc "
            "repro`."
        )
    records = table.rename(columns={ID_COLUMN: "id"}).to_dict("records")
    return [kind(**{str(key): value for key, value in row.items()}) for row in records]


def read_book(folder: Path, book: Book) -> bytes:
    """The bytes of `book` in `folder`; DataError when the file is missing or is not the one that `book` describes."""
    path, manifest = folder / book.file, folder / MANIFEST
    if not path.is_file():
        raise DataError(f"{path} does not exist, although {manifest} lists it. Run `dvc repro` to fetch it again.")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != book.sha256:
        raise DataError(
            f"{path} was changed: its sha256 is {digest}, {manifest} says {book.sha256}. Remove it and run `dvc repro` "
            "to fetch it again."
        )
    return content
