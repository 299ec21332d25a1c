"""Folders of cleaned books for tests of stages, written as they are: nothing is cleaned."""

from collections.abc import Mapping
from pathlib import Path

from poet.books.manifest import MANIFEST, CleanBook, write_manifest
from poet.files import sha256, write_text


def write_clean(folder: Path, texts: Mapping[str, str]) -> Path:
    """Write `texts`, by the id of their book, as cleaned books to `folder`; returns the folder."""
    books = []
    for book, text in texts.items():
        file = folder / f"{book}.txt"
        write_text(file, text)
        books.append(
            CleanBook(
                id=book,
                title=book.capitalize(),
                author="",
                language="en",
                source="test",
                file=file.name,
                bytes=file.stat().st_size,
                sha256=sha256(file),
                characters=len(text),
                removed_characters=0,
                flags="",
                removed="",
            )
        )
    write_manifest(folder / MANIFEST, books, CleanBook)
    return folder
