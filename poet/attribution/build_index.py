"""Writes the index of a folder of cleaned books: streams each book to the shards' files, then sorts shard by shard.

Memory peaks while a shard is sorted, at its text and its suffix array: five bytes per byte of text.
"""

import contextlib
import ctypes
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pydivsufsort
from numpy.typing import NDArray

from poet.attribution.index import (
    ANCHOR_EVERY,
    ANCHORS,
    BOUNDARY,
    EXACT,
    FORMAT_VERSION,
    KEYS,
    META,
    NORMALISED,
    STRIDE,
    SUFFIXES,
    TEXT,
    VIEWS,
    WORD,
    WORD_COUNTS,
    WORD_HASHES,
    overlapping_words,
)
from poet.attribution.normalise import normalise, pieces
from poet.attribution.surprise import WORDS, word_hash
from poet.books.split import split_books
from poet.errors import DataError
from poet.files import replacing_folder, write_json
from poet.params.sections import SplitSettings

# Positions are int32.
LARGEST_SHARD = (1 << 31) - 1

# Suffixes whose keys are gathered at once.
CHUNK = 1 << 20


def build_index(clean: Path, split: SplitSettings, out: Path) -> dict[str, Any]:
    """Index the training text of the folder `clean` in the folder `out`; returns its meta.json."""
    return index_books(((book.id, book.training) for book in split_books(clean, split)), out)


def index_books(books: Iterable[tuple[str, str]], out: Path, *, largest: int = LARGEST_SHARD) -> dict[str, Any]:
    """Index the (name, text) pairs `books`, shards of at most `largest` bytes, in the folder `out`; returns its
    meta.json. Books without text are left out.
    """
    with replacing_folder(out) as folder:
        shards = {view: _Shards(folder, view, largest) for view in VIEWS}
        # What this takes is free again when the sorting, which takes most, begins.
        names, words, total_words = _write_texts(books, shards, folder)
        _return_freed_memory()
        meta = {
            "format_version": FORMAT_VERSION,
            "bytes": sum(shard["bytes"] for shard in shards[EXACT].metas),
            "books": names,
            "words": words,
            "total_words": total_words,
            "views": {view: shards[view].metas for view in VIEWS},
        }
        for view in VIEWS:
            shards[view].finish()
        write_json(folder / META, meta)
    return meta


def _write_texts(
    books: Iterable[tuple[str, str]], shards: dict[str, "_Shards"], folder: Path
) -> tuple[list[str], int, int]:
    """Write both views of `books` to their `shards` and the counts of their words to `folder`; returns the names, how
    many different words there are, and how many words.
    """
    names: list[str] = []
    words: Counter[str] = Counter()
    for name, text in books:
        if text:
            for view, content in _views(text, words).items():
                shards[view].add(name, len(names), content)
            names.append(name)
    _write_words(folder, words)
    return names, len(words), words.total()


class _Content:
    """One book in one view: its bytes, and anchors (byte, original character)."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.anchors: list[NDArray[np.int64]] = []  # (anchors, 2) each
        self.size = 0

    def add(self, text: str, origin: NDArray[np.int64]) -> None:
        """Append `text`, the original places of whose characters are `origin` (len(text) + 1,)."""
        part = text.encode("utf-8", "surrogatepass")
        bytes_ = np.frombuffer(part, dtype=np.uint8)
        begins = np.append(np.flatnonzero((bytes_ & 0xC0) != 0x80), len(part))  # (len(text) + 1,)
        # Between anchors, one character more is one original character more.
        leaps = np.flatnonzero(np.diff(origin) != 1) + 1
        regular = np.searchsorted(begins, np.arange(0, len(part), ANCHOR_EVERY))
        kept = np.union1d(leaps, regular)
        self.anchors.append(np.stack((self.size + begins[kept], origin[kept]), axis=1))
        self.parts.append(part)
        self.size += len(part)


def _views(text: str, words: Counter[str]) -> dict[str, _Content]:
    """Both views of the book `text`; counts its words in `words`."""
    contents = {view: _Content() for view in VIEWS}
    for start, piece in pieces(text):
        contents[EXACT].add(piece, np.arange(start, start + len(piece) + 1))
        view = normalise(piece)
        contents[NORMALISED].add(view.text, start + view.origin)
        words.update(WORDS.findall(view.text))
    return contents


class _Shards:
    """The files of one view: texts grow book by book, `finish` sorts them."""

    def __init__(self, folder: Path, view: str, largest: int) -> None:
        self.folder, self.view, self.largest = folder, view, largest
        self.metas: list[dict[str, Any]] = []

    def add(self, name: str, number: int, content: _Content) -> None:
        """Append the book `name`, the index's `number`, to the last shard or, where that would be too large, to a
        new one.
        """
        size = content.size + len(BOUNDARY)
        if size > self.largest:
            raise DataError(
                f"the training text of {name} has {content.size} bytes; one book of an index may have "
                f"{self.largest - len(BOUNDARY)}. Split it into several."
            )
        if not self.metas or self.metas[-1]["bytes"] + size > self.largest:
            self.metas.append({"bytes": 0, "anchors": 0, "books": [], "starts": []})
            self._path(-1).mkdir()
        meta = self.metas[-1]
        with (self._path(-1) / TEXT).open("ab") as file:
            file.writelines([*content.parts, BOUNDARY])
        anchors = np.concatenate(content.anchors)
        anchors[:, 0] += meta["bytes"]
        with (self._path(-1) / ANCHORS).open("ab") as file:
            file.write(anchors.astype("<i8").tobytes())
        meta["books"].append(number)
        meta["starts"].append(meta["bytes"])
        meta["bytes"] += size
        meta["anchors"] += len(anchors)

    def finish(self) -> None:
        """Sort the suffixes of every shard."""
        for number, meta in enumerate(self.metas):
            folder = self._path(number)
            with (folder / TEXT).open("ab") as file:
                file.write(bytes(WORD))
            anchors = np.fromfile(folder / ANCHORS, dtype="<i8").reshape(-1, 2)
            anchors.T.tofile(folder / ANCHORS)
            padded = np.fromfile(folder / TEXT, dtype=np.uint8)
            suffixes = pydivsufsort.divsufsort(padded[: meta["bytes"]])
            suffixes.astype("<i4", copy=False).tofile(folder / SUFFIXES)
            words = overlapping_words(padded)
            with (folder / KEYS).open("wb") as file:
                for start in range(0, len(suffixes), CHUNK):
                    file.write(words[suffixes[start : start + CHUNK : STRIDE]].byteswap().astype("<u8").tobytes())

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.view}-{number % len(self.metas)}"


def _return_freed_memory() -> None:
    """Give back what the C library keeps of it for later: more than a byte per byte of a small library."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # only glibc knows how
        ctypes.CDLL(None).malloc_trim(0)


def _write_words(folder: Path, words: Counter[str]) -> None:
    """The hashes of `words` in ascending order, and how often each occurs."""
    hashes = np.fromiter(map(word_hash, words), dtype=np.uint64, count=len(words))
    counts = np.fromiter(words.values(), dtype=np.int64, count=len(words))
    order = np.argsort(hashes)
    hashes[order].astype("<u8").tofile(folder / WORD_HASHES)
    counts[order].astype("<i8").tofile(folder / WORD_COUNTS)
