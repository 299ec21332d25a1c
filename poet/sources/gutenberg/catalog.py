"""Gutenberg's catalog: one row per book, read from what a mirror or the cache has of it."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from poet.errors import SourceError
from poet.sources.gutenberg.mirrors import Mirrors

# The columns that are read. The feed has more, and may get new ones.
COLUMNS = ("Text#", "Type", "Issued", "Title", "Language", "Authors", "Subjects", "Bookshelves")


@dataclass(frozen=True, kw_only=True)
class CatalogEntry:
    """A text of the catalog; several languages, authors or subjects are separated by `; `, as in `en; fr`."""

    id: int
    title: str
    author: str
    language: str
    issued: str
    subjects: str


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The texts of a catalog, each once, in the order of its rows; `remarks`: one line for each thing amiss with it."""

    entries: list[CatalogEntry]
    remarks: tuple[str, ...] = ()


# The beginning of a row: number and type. Rows are cut apart here before they are parsed, so that a quote that is never
# closed damages its own row and not all that follow.
ROW_START = re.compile(r"^(?=\d+,[A-Z][A-Za-z]*,)", re.MULTILINE)

# Bytes of a damaged gzip file that are unpacked at once. What is packed behind the damage is lost, and up to this many
# bytes before it.
SALVAGE_BYTES = 512


class _NotTheCatalog(Exception):
    """The file has no row of the catalog; the message is the reason."""


def open_catalog(mirrors: Mirrors) -> Catalog:
    """The catalog of the first mirror that has one with a readable row; an old one of the cache if none has.

    SourceError lists every address that was tried, with the reason of its failure.
    """
    tried: list[str] = []
    for found in mirrors.catalogs(tried):
        try:
            catalog = _read_catalog(found.path)
        except _NotTheCatalog as error:
            tried.append(f"{found.path} is not Gutenberg's catalog ({error}); remove it, and it is fetched anew")
            continue
        remarks = tuple(line for line in tried if "is not Gutenberg's catalog" in line)
        if found.age_days:
            remarks += (f"no mirror has the catalog now; {found.path} is used, {found.age_days} days old",)
        return Catalog(entries=catalog.entries, remarks=remarks + catalog.remarks)
    raise SourceError(
        "no mirror has Gutenberg's catalog; tried\n"
        + "\n".join(f"  {each}" for each in tried)
        + "\nCheck the network, or download.mirrors in params.yaml."
    )


def _read_catalog(path: Path) -> Catalog:
    """The rows of type Text, each book once; _NotTheCatalog when the file has no row that could be one."""
    remarks = []
    try:
        content, whole = _unpack(path)
    except OSError as error:
        raise _NotTheCatalog(error.strerror or str(error)) from None
    rows = _rows(content.decode("utf-8-sig", "replace"))
    entries: dict[int, CatalogEntry] = {}
    damaged = good = unreadable = 0
    for row in rows:
        if row is None:
            damaged += 1
            continue
        good += 1
        number = int(row["Text#"])
        # Other types are sound, images and data. A book may be listed twice.
        if row["Type"] == "Text" and number not in entries:
            entries[number] = entry = _entry(number, row)
            unreadable += "\ufffd" in f"{entry.title}{entry.author}"
    if not good:
        raise _NotTheCatalog("no row has the form of a book")
    if not whole:
        remarks.append(f"{path} is cut or damaged: {len(entries)} books of it can be read; remove it to get it anew")
    if damaged:
        remarks.append(f"{path}: {damaged} damaged {'row' if damaged == 1 else 'rows'} skipped")
    if unreadable:
        remarks.append(f"{path}: {unreadable} {'title has' if unreadable == 1 else 'titles have'} unreadable letters")
    return Catalog(entries=list(entries.values()), remarks=tuple(remarks))


def _unpack(path: Path) -> tuple[bytes, bool]:
    """The bytes of a plain or gzip file, and whether these are all: of a damaged gzip file, those before the damage."""
    content = path.read_bytes()
    # By its first bytes, not its name: some servers and programs unpack a file and keep its name.
    if not content.startswith(b"\x1f\x8b"):
        return content, True
    try:
        return gzip.decompress(content), True
    except (OSError, EOFError, zlib.error):
        unpacker, unpacked = zlib.decompressobj(wbits=31), bytearray()
        try:
            for start in range(0, len(content), SALVAGE_BYTES):
                unpacked += unpacker.decompress(content[start : start + SALVAGE_BYTES])
        except zlib.error:
            pass
        # The last line may be cut where no damage shows, in the middle of a name.
        return bytes(unpacked[: unpacked.rfind(b"\n") + 1]), False


def _rows(text: str) -> Iterator[dict[str, str] | None]:
    """The rows of the catalog, by column; None for a row that is damaged. _NotTheCatalog when it lacks a column."""
    header, *records = ROW_START.split(text)
    names = next(csv.reader(io.StringIO(header, newline="")), [])
    if missing := [name for name in COLUMNS if name not in names]:
        begin = " ".join(text[:200].split())[:60]
        raise _NotTheCatalog(f"it begins with {begin!r}, without the column {missing[0]}" if begin else "it is empty")
    # Text between the names of the columns and the first row is a row that lost its number.
    if len(header.splitlines()) > 1:
        yield None
    for record in records:
        yield from _parse_record(names, record)


def _parse_record(names: list[str], record: str) -> Iterator[dict[str, str] | None]:
    """The row at the start of `record`, by column, and None for each damaged row: this one, or what follows it."""
    # newline="": titles contain line breaks inside quotes, which the CSV reader has to see as they are.
    # strict: a quote that is not closed is an error.
    rows = csv.reader(io.StringIO(record, newline=""), strict=True)
    try:
        cells = next(rows)
        # A number of 5,000 digits is none of a book, and more than int() takes.
        is_whole = len(cells) == len(names) and len(cells[0]) <= 9
        yield dict(zip(names, cells, strict=True)) if is_whole else None
        for rest in rows:
            if rest:  # not an empty line
                yield None
    except csv.Error:
        yield None


def _entry(number: int, row: dict[str, str]) -> CatalogEntry:
    return CatalogEntry(
        id=number,
        title=" ".join(row["Title"].split()),
        author=" ".join(row["Authors"].split()),
        language=row["Language"].strip().lower(),
        issued=row["Issued"],
        subjects=f"{row['Subjects']}; {row['Bookshelves']}",
    )
