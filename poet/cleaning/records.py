"""Stage two: every book of a collection as one UTF-8 text, with a record of what was removed and of its quality."""

import dataclasses
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from poet.books.manifest import MANIFEST, REMOVALS, Book, CleanBook, read_manifest, write_manifest
from poet.cleaning.duplicates import Overlap, overlaps, sketch
from poet.cleaning.quality import Quality, measure_quality
from poet.cleaning.text import CleanText, Removal, clean_text
from poet.errors import CleaningError, DataError
from poet.files import replacing_folder, write_json, write_text
from poet.params.sections import CleanSettings
from poet.progress import log, progress_bar


@dataclass(kw_only=True)
class _Shelf:
    """What is known of the books cleaned so far, by their id."""

    rows: dict[str, CleanBook] = field(default_factory=dict)
    removals: dict[str, tuple[Removal, ...]] = field(default_factory=dict)
    qualities: dict[str, Quality] = field(default_factory=dict)
    sketches: dict[str, NDArray[np.uint64]] = field(default_factory=dict)


def clean(raw: Path, settings: CleanSettings, *, out: Path, quality: Path) -> list[CleanBook]:
    """Clean every book of the folder `raw` into the folder `out`, and write the figures of all to the file `quality`.

    Returns the rows of the manifest. Raises CleaningError for a book that cannot be cleaned, and for books that share
    much of their text when `settings.duplicates` is "fail".
    """
    books, shelf = read_manifest(raw / MANIFEST, Book), _Shelf()
    with replacing_folder(out) as folder:
        with progress_bar("clean", len(books)) as advance:
            for book in books:
                _clean_book(raw, book, settings, folder, shelf)
                advance(1, book.title[:40])
        found = overlaps(shelf.sketches, {name: row.characters for name, row in shelf.rows.items()})
        _treat_duplicates(found, settings, folder, shelf)
        write_manifest(folder / MANIFEST, shelf.rows.values(), CleanBook)
        _write_removals(folder / REMOVALS, shelf)
    write_json(quality, _quality_report(shelf, found))
    return list(shelf.rows.values())


def _clean_book(raw: Path, book: Book, settings: CleanSettings, folder: Path, shelf: _Shelf) -> None:
    cleaned = clean_text(_read_raw(raw, book), Path(book.file).suffix, f"{book.file} ({book.title})", settings)
    content = cleaned.text.encode("utf-8")
    (folder / f"{book.id}.txt").write_bytes(content)
    quality = measure_quality(cleaned.text)
    told = {"file": f"{book.id}.txt", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    shelf.rows[book.id] = CleanBook(
        **dataclasses.asdict(book) | told,
        characters=len(cleaned.text),
        removed_characters=cleaned.removed_characters,
        removed=_summary(cleaned),
        flags=" ".join(_flags(book, cleaned, quality)),
    )
    shelf.removals[book.id], shelf.qualities[book.id] = cleaned.removals, quality
    shelf.sketches[book.id] = sketch(cleaned.text)


def _read_raw(raw: Path, book: Book) -> bytes:
    path = raw / book.file
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != book.sha256:
        raise DataError(f"{path} is missing or not what {raw / MANIFEST} says. Run `dvc repro` to fetch it again.")
    return content


def _summary(cleaned: CleanText) -> str:
    """Rule, number of parts and bytes, for each rule: `licence:2:19273 credits:1:38`."""
    counts: Counter[str] = Counter(removal.rule for removal in cleaned.removals)
    sizes: Counter[str] = Counter()
    for removal in cleaned.removals:
        sizes[removal.rule] += removal.bytes
    return " ".join(f"{rule}:{counts[rule]}:{sizes[rule]}" for rule in counts)


def _flags(book: Book, cleaned: CleanText, quality: Quality) -> list[str]:
    flags = list(cleaned.flags)
    if quality.guess and book.language and quality.guess != book.language:
        flags.append(f"language-looks-{quality.guess}")
    if quality.odd:
        flags.append("odd-characters")
    return flags


def _treat_duplicates(found: list[Overlap], settings: CleanSettings, folder: Path, shelf: _Shelf) -> None:
    """Tell, drop or refuse books of which much stands in another."""
    for overlap in found:
        told = f"{overlap.share:.0%} of {_name(shelf, overlap.book)} also stands in {_name(shelf, overlap.other)}"
        if settings.duplicates == "fail":
            raise CleaningError(f"{told}; remove one of them, or set clean.duplicates to warn or drop")
        log(told + (": dropped" if settings.duplicates == "drop" else ""))
    for overlap in found:
        if overlap.book not in shelf.rows or overlap.other not in shelf.rows:
            continue  # dropped for another overlap
        if settings.duplicates == "drop":
            (folder / shelf.rows.pop(overlap.book).file).unlink()
        else:
            row = shelf.rows[overlap.book]
            flags = f"{row.flags} duplicates-{overlap.other}".strip()
            shelf.rows[overlap.book] = dataclasses.replace(row, flags=flags)


def _name(shelf: _Shelf, book: str) -> str:
    row = shelf.rows.get(book)
    return f"{book} ({row.title})" if row else book


def _write_removals(path: Path, shelf: _Shelf) -> None:
    rows = [{"book": book} | dataclasses.asdict(removal) for book in shelf.rows for removal in shelf.removals[book]]
    columns = ["book", *(each.name for each in dataclasses.fields(Removal))]
    write_text(path, pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n"))


def _quality_report(shelf: _Shelf, found: list[Overlap]) -> dict[str, Any]:
    """corpus.json: the figures of each book, and the overlaps."""
    books = {}
    for name, row in shelf.rows.items():
        whole = row.characters + row.removed_characters
        removed: Counter[str] = Counter()
        for removal in shelf.removals[name]:
            removed[removal.rule] += removal.characters
        books[name] = {
            "characters": row.characters,
            **dataclasses.asdict(shelf.qualities[name]),
            "language": row.language,
            "removed": {rule: round(count / whole, 5) for rule, count in removed.items()},
            "flags": row.flags.split(),
        }
    return {"books": books, "overlaps": [dataclasses.asdict(overlap) for overlap in found]}
