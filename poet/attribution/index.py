"""A suffix array over the training text: every passage of every book, in alphabetical order, ready to be searched.

The text is UTF-8 bytes, the books one after another with the byte 0xFF between them, which no UTF-8 text holds; so no
match crosses from one book into the next. Positions inside a book are told in characters.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydivsufsort
from numpy.typing import NDArray

from poet.config import SplitSettings
from poet.corpus.splitting import TRAIN, split_books
from poet.errors import DataError
from poet.files import read_json, replacing_folder, write_json

FORMAT_VERSION = 1
TEXT, SUFFIXES, META = "text.bin", "suffixes.bin", "meta.json"
BOUNDARY = b"\xff"

# Suffix positions are int32.
LARGEST = (1 << 31) - 1


@dataclass(frozen=True, kw_only=True)
class Index:
    """The bytes (n,) uint8 of all books, the starts (n,) int32 of their sorted suffixes, and where each book begins."""

    text: NDArray[np.uint8]
    suffixes: NDArray[np.int32]
    books: list[str]
    starts: NDArray[np.int64]  # byte at which each book begins, ascending

    def place(self, position: int) -> tuple[int, int]:
        """The number of the book and the character offset in it of the byte `position`."""
        book = int(np.searchsorted(self.starts, position, side="right")) - 1
        before = self.text[self.starts[book] : position]
        return book, int(np.count_nonzero((before & 0xC0) != 0x80))  # every byte that begins a character


def build_index(clean: Path, split: SplitSettings, out: Path) -> dict[str, Any]:
    """Index the training text of the folder `clean` in the folder `out`; returns its meta.json."""
    books, starts, parts, size = [], [], [], 0
    for book in split_books(clean, split):
        if text := book.part(TRAIN).encode("utf-8"):
            books.append(book.book.book)
            starts.append(size)
            parts += [text, BOUNDARY]
            size += len(text) + len(BOUNDARY)
    if size > LARGEST:
        raise DataError(f"the training text has {size} bytes; the index holds at most {LARGEST}. Use fewer books.")
    content = np.frombuffer(b"".join(parts), dtype=np.uint8)
    del parts
    with replacing_folder(out) as folder:
        content.tofile(folder / TEXT)
        pydivsufsort.divsufsort(content.copy()).astype("<i4", copy=False).tofile(folder / SUFFIXES)
        meta = {"format_version": FORMAT_VERSION, "bytes": size, "books": books, "starts": starts}
        write_json(folder / META, meta)
    return meta


def open_index(folder: Path) -> Index:
    """Map the index in `folder` into memory; DataError when a file is missing or has another length."""
    meta = read_json(folder / META)
    if meta.get("format_version") != FORMAT_VERSION:
        raise DataError(
            f"{folder / META} has format_version {meta.get('format_version')!r}, expected {FORMAT_VERSION}. Run `dvc "
            "repro`."
        )
    for name, width in ((TEXT, 1), (SUFFIXES, 4)):
        size = (folder / name).stat().st_size if (folder / name).is_file() else 0
        if size != meta["bytes"] * width:
            raise DataError(
                f"{folder / name} has {size} bytes, expected {meta['bytes'] * width}. Remove {folder} and run `dvc "
                "repro`."
            )
    return Index(
        text=np.memmap(folder / TEXT, dtype=np.uint8, mode="r"),
        suffixes=np.memmap(folder / SUFFIXES, dtype="<i4", mode="r"),
        books=meta["books"],
        starts=np.array(meta["starts"], dtype=np.int64),
    )
