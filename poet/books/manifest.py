"""The table of books that lies beside the texts of a collection: one row per book, in the order of the collection."""

import dataclasses
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from poet.errors import DataError
from poet.files import write_csv

MANIFEST = "manifest.csv"
MISSING = "missing.csv"
REMOVALS = "removals.csv"

# Windows and most file systems take 255 bytes for a name; this leaves room for suffixes and temporary names.
MAX_STEM = 80


@dataclass(frozen=True, kw_only=True)
class Book:
    """A book as it was fetched: `id` is the stem of `file`; `source` says where it came from, `sha256` what came."""

    id: str
    title: str
    author: str
    language: str
    source: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class CleanBook(Book):
    """A book after cleaning: `removed_characters` went; `removed` tells rule, parts and bytes; `flags` are remarks."""

    characters: int
    removed_characters: int
    flags: str
    removed: str


@dataclass(frozen=True, kw_only=True)
class MissingBook:
    """A book that no source had; `tried` names every address, separated by spaces."""

    id: str
    title: str
    author: str
    tried: str


# The column of the id; the field is called `id`, because `book.book` would not read well.
ID_COLUMN = "book"

Row = TypeVar("Row", Book, CleanBook, MissingBook)


def safe_stem(name: str) -> str:
    """A file stem of ASCII letters, digits, dots and dashes for any `name`, so that no title leaves its folder.

    >>> safe_stem("Émile, ou/../De l'éducation")
    'emile-ou-de-l-education'
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:MAX_STEM].strip("-") or "book"


def write_manifest(path: Path, rows: Iterable[Row], kind: type[Row]) -> None:
    """Write `rows` as CSV with the fields of `kind` as columns, also when there is no row."""
    table = pd.DataFrame(
        [dataclasses.asdict(row) for row in rows], columns=[field.name for field in dataclasses.fields(kind)]
    )
    write_csv(path, table.rename(columns={"id": ID_COLUMN}))


def read_manifest(path: Path, kind: type[Row]) -> list[Row]:
    """The rows of `path` as `kind`; DataError when the file is missing or has other columns."""
    fields = {ID_COLUMN if field.name == "id" else field.name: field.type for field in dataclasses.fields(kind)}
    try:
        table = pd.read_csv(path, dtype=fields, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Run `dvc repro` to build it.") from None
    except ValueError as error:
        raise DataError(f"{path} is not a manifest: {error}. Remove it and run `dvc repro`.") from None
    if list(table.columns) != list(fields):
        raise DataError(
            f"{path} has columns {', '.join(table.columns)}; expected {', '.join(fields)}. Remove it and run `dvc "
            "repro`."
        )
    records = table.rename(columns={ID_COLUMN: "id"}).to_dict("records")
    return [kind(**{str(key): value for key, value in row.items()}) for row in records]
