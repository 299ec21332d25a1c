"""The table of books beside the texts of a collection: one row per book, in the order of the collection.

There are four kinds of row: `Book` after the download, `CleanBook` after cleaning, `MissingBook` for a book that no
source had, `FileCount` for what became of the files in a folder.
"""

import dataclasses
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from poet.errors import DataError, rebuild
from poet.files import WINDOWS_DEVICES, write_csv

# The files of this module in a folder of books: rows of Book or CleanBook; beside raw books, rows of MissingBook, and
# rows of FileCount if a source is a folder; beside cleaned books, every part that cleaning removed.
MANIFEST = "manifest.csv"
MISSING = "missing.csv"
FILES = "files.csv"
REMOVALS = "removals.csv"

# The value of the column `source` for a book whose name and place `aliases` hide.
PRIVATE = "private"

# The longest readable part of an id, in bytes of UTF-8. Most file systems allow 255 bytes for a name; this leaves room
# for a digest, suffixes, temporary names and the folders around the file.
MAX_STEM = 100

# Hexadecimal digits of the digest at the end of an id: enough for some ten thousand names that look alike.
DIGEST_DIGITS = 8


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
    `decoding` says how a file that is not plain UTF-8 was read, as `cp1251 guessed 0.71`.
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


@dataclass(frozen=True, kw_only=True)
class FileCount:
    """How many `files` of a folder had one `outcome`: USED, PASSED_OVER, or the reason why they were not read.

    `names` are some of them, separated by `; `; empty where aliases hide all names.
    """

    outcome: str
    files: int
    names: str


# Outcomes of a file: it became a book; it is nothing that a person put there as a text, such as an editor's backup.
USED = "used"
PASSED_OVER = "hidden file or backup"

# The column of the id. The field is called `id`, because `book.book` reads badly.
ID_COLUMN = "book"

# Columns that a manifest has only where a row has something in them: most collections need neither.
OPTIONAL_COLUMNS = ("encoding", "decoding")

Row = TypeVar("Row", Book, CleanBook, MissingBook, FileCount)


def safe_stem(name: str, suffix: str = ".txt") -> str:
    """A file stem for the file `name + suffix`: no two files have the same, on any file system.

    Letters and digits of all scripts stay, in lower case; everything else becomes a dash. A `name` that is such a stem
    already is returned as it is. From every other name something is lost, so that other names would give the same stem:
    a digest of the complete name tells them apart. The result depends on this one file only, so that an id never passes
    from one book to another when files come and go.

    >>> safe_stem("the-tempest"), safe_stem("война-и-мир")
    ('the-tempest', 'война-и-мир')
    >>> safe_stem("The Tempest"), safe_stem("the-tempest", ".epub")
    ('the-tempest_94aaab12', 'the-tempest_1be3775b')
    """
    # Only a digest is preceded by an underscore, so a stem without digest cannot be equal to one with it.
    readable = re.sub("-+", "-", "".join(character if _is_letter(character) else "-" for character in _folded(name)))
    # Cutting the bytes can split the last character, which "ignore" then leaves out.
    stem = readable.strip("-").encode("utf-8")[:MAX_STEM].decode("utf-8", "ignore").strip("-")
    if stem and stem == name and stem not in WINDOWS_DEVICES and suffix == ".txt":
        return stem
    # Names that are not UTF-8 hold surrogates, which only "surrogatepass" encodes.
    digest = hashlib.sha256((name + suffix).encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_DIGITS]
    return f"{stem or 'book'}_{digest}"


def _folded(name: str) -> str:
    """`name` without differences that some file systems do not see: case, and the two ways to write an accent."""
    # Folding can take a composed character apart, so it is composed again.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_letter(character: str) -> bool:
    """Whether `character` may stand in an id: a letter, a digit, or a mark that belongs to a letter."""
    return unicodedata.category(character)[0] in "LNM"


def shown_name(name: str) -> str:
    """`name` as a title, fit for one line of UTF-8: controls become blanks; a byte that is not UTF-8 becomes U+FFFD.

    >>> shown_name("two\\r\\nlines \\udcff")
    'two lines \ufffd'
    """
    kinds = {"Cc": " ", "Zl": " ", "Zp": " ", "Cs": "\N{REPLACEMENT CHARACTER}"}
    return " ".join("".join(kinds.get(unicodedata.category(character), character) for character in name).split())


def describe_files(counts: Iterable[FileCount]) -> str:
    """One line on what became of the files of a folder, or of several.

    >>> describe_files([FileCount(outcome=USED, files=2, names=""), FileCount(outcome=".xyz", files=12, names="a.xyz"),
    ...     FileCount(outcome="broken", files=1, names=""), FileCount(outcome=PASSED_OVER, files=3, names="")])
    '2 of 15 files used; not read: 12 .xyz, 1 broken; passed over: 3 hidden files or backups'
    """
    files: Counter[str] = Counter()
    for count in counts:
        files[count.outcome] += count.files
    used, passed_over = files.pop(USED, 0), files.pop(PASSED_OVER, 0)
    total = used + files.total()
    line = f"{used} of {total} file{'s' if total != 1 else ''} used"
    if files:
        line += "; not read: " + ", ".join(f"{number} {outcome}" for outcome, number in files.items())
    if passed_over:
        line += f"; passed over: {passed_over} hidden file{'s' if passed_over != 1 else ''} or backup"
        line += "s" if passed_over != 1 else ""
    return line


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
        raise DataError(f"{path} is not a manifest: {error}. {rebuild(path.parent)}") from None
    if list(table.columns) != [name for name in fields if name in table or name not in OPTIONAL_COLUMNS]:
        raise DataError(
            f"{path} has columns {', '.join(table.columns)}; expected {', '.join(fields)}. {rebuild(path.parent)}"
        )
    records = table.rename(columns={ID_COLUMN: "id"}).to_dict("records")
    return [kind(**{str(key): value for key, value in row.items()}) for row in records]


def read_file_counts(raw: Path) -> list[FileCount]:
    """What became of the files of the folders that the raw books in `raw` come from; nothing if there is no folder."""
    return read_manifest(raw / FILES, FileCount) if (raw / FILES).exists() else []


def read_book(folder: Path, book: Book) -> bytes:
    """The bytes of `book` in `folder`; DataError when the file is missing or is not the one that `book` describes."""
    path, manifest = folder / book.file, folder / MANIFEST
    if not path.is_file():
        raise DataError(f"{path} does not exist, although {manifest} lists it. {rebuild(folder)}")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != book.sha256:
        raise DataError(f"{path} was changed: its sha256 is {digest}, {manifest} says {book.sha256}. {rebuild(folder)}")
    return content
