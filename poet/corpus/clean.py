"""Stage two: every book of a collection as one UTF-8 text, with a manifest of what was removed."""

import dataclasses
import hashlib
from pathlib import Path

from poet.config import CleanSettings
from poet.corpus.cleaning import clean_text
from poet.corpus.manifest import MANIFEST, Book, CleanBook, read_manifest, write_manifest
from poet.errors import CleaningError, DataError
from poet.files import replacing_folder


def clean(raw: Path, settings: CleanSettings, out: Path) -> list[CleanBook]:
    """Clean every book of the folder `raw` into the folder `out`; returns the rows of its manifest."""
    rows = []
    with replacing_folder(out) as folder:
        for book in read_manifest(raw / MANIFEST, Book):
            row, text = _clean_book(book, _read_raw(raw, book), settings)
            (folder / row.file).write_bytes(text)
            rows.append(row)
        write_manifest(folder / MANIFEST, rows, CleanBook)
    return rows


def _read_raw(raw: Path, book: Book) -> bytes:
    path = raw / book.file
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != book.sha256:
        raise DataError(f"{path} is missing or not what {raw / MANIFEST} says. Run `dvc repro` to fetch it again.")
    return content


def _clean_book(book: Book, content: bytes, settings: CleanSettings) -> tuple[CleanBook, bytes]:
    cleaned = clean_text(content, Path(book.file).suffix, f"{book.file} ({book.title})", settings.minimum_kept)
    if not cleaned.text.strip():
        raise CleaningError(f"{book.file} ({book.title}) holds no text. Remove it from the collection.")
    text = cleaned.text.encode("utf-8")
    row = CleanBook(
        **dataclasses.asdict(book)
        | {"file": f"{book.book}.txt", "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()},
        characters=len(cleaned.text),
        removed_characters=cleaned.removed_characters,
        flags=" ".join(cleaned.flags),
    )
    return row, text
