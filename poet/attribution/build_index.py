"""Builds the index of some books: each book is appended to the files of its shards, then the shards are sorted.

Books are read one at a time. Memory peaks while a shard is sorted, at its text and its suffix array: five bytes per
byte of text. `poet.attribution.index` describes the files.
"""

import contextlib
import ctypes
import dataclasses
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
    KEY_EVERY,
    KEYS,
    META,
    NORMALISED,
    SUFFIXES,
    TEXT,
    VIEWS,
    WINDOW,
    WORD_COUNTS,
    WORD_HASHES,
    IndexMeta,
    IntArray,
    ShardMeta,
    overlapping_windows,
)
from poet.attribution.normalise import independent_parts, normalise
from poet.attribution.surprise import WORDS, word_hash
from poet.attribution.utf8 import character_boundaries
from poet.checksums import write_checksums
from poet.errors import DataError
from poet.files import replacing_folder, write_json

# The positions of a suffix array are int32, which end here.
LARGEST_SHARD = (1 << 31) - 1

# Suffixes whose keys are gathered per batch. Bounds temporary memory to less than a megabyte.
KEYS_AT_ONCE = 1 << 20


def index_books(books: Iterable[tuple[str, str]], out: Path, *, largest: int = LARGEST_SHARD) -> IndexMeta:
    """Index the (id, text) pairs `books` in the folder `out`, in shards of at most `largest` bytes; returns meta.json.

    Books without text are left out. DataError when one book is larger than a shard may be.
    """
    with replacing_folder(out) as folder:
        shards = {view: _ShardWriter(folder, view, largest) for view in VIEWS}
        # A function of its own, so that its memory is free again before the sorting, which is the peak.
        meta = _write_texts(books, shards, folder)
        _return_freed_memory()
        for view in VIEWS:
            shards[view].sort()
        write_json(folder / META, dataclasses.asdict(meta))
        write_checksums(folder)
    return meta


def _write_texts(books: Iterable[tuple[str, str]], shards: dict[str, "_ShardWriter"], folder: Path) -> IndexMeta:
    """Append both views of every book to the shards, and write to `folder` how often each word occurs."""
    names: list[str] = []
    words: Counter[str] = Counter()
    for name, text in books:
        # Held-out books have no training text.
        if not text:
            continue
        contents = {view: _Content() for view in VIEWS}
        # In parts, because the arrays of a whole book would take many times the memory of its text.
        for start, part in independent_parts(text):
            contents[EXACT].add(part, np.arange(start, start + len(part) + 1))
            normalised = normalise(part)
            contents[NORMALISED].add(normalised.text, start + normalised.origin)
            words.update(WORDS.findall(normalised.text))
        for view in VIEWS:
            shards[view].add(name, len(names), contents[view])
        names.append(name)
    _write_word_counts(folder, words)
    return IndexMeta(
        format_version=FORMAT_VERSION,
        bytes=sum(shard.bytes for shard in shards[EXACT].metas),
        books=names,
        words=len(words),
        total_words=words.total(),
        views={view: shards[view].metas for view in VIEWS},
    )


class _Content:
    """One book in one view: its bytes in parts, and anchors (byte, character in the original book)."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.anchors: list[IntArray] = []  # (anchors of the part, 2) each
        self.size = 0

    def add(self, text: str, origin: IntArray) -> None:
        """Append `text`; character i of it is the character `origin[i]` of the book: (len(text) + 1,)."""
        part = text.encode("utf-8", "surrogatepass")
        boundaries = character_boundaries(np.frombuffer(part, dtype=np.uint8))  # (len(text) + 1,)
        # A reader counts characters from the last anchor on. So there must be an anchor wherever the next character of
        # the view is not the next character of the book, as behind white space that was removed...
        jumps = np.flatnonzero(np.diff(origin) != 1) + 1
        # ... and one at least every ANCHOR_EVERY bytes, so that a reader never counts for long.
        regular = np.searchsorted(boundaries, np.arange(0, len(part), ANCHOR_EVERY))
        anchored = np.union1d(jumps, regular)  # characters of `text`
        # two arrays (anchors,) -> (anchors, 2)
        self.anchors.append(np.stack((self.size + boundaries[anchored], origin[anchored]), axis=1))
        self.parts.append(part)
        self.size += len(part)


class _ShardWriter:
    """Writes the shards of one view: `add` appends a book, `sort` completes the files when all books are there."""

    def __init__(self, folder: Path, view: str, largest: int) -> None:
        self.folder, self.view, self.largest = folder, view, largest
        self.metas: list[ShardMeta] = []

    def add(self, name: str, number: int, content: _Content) -> None:
        """Append the book `name`, number `number` of the index, to the last shard, or to a new one if that is full."""
        size = content.size + len(BOUNDARY)
        if size > self.largest:
            raise DataError(
                f"the training text of {name} has {content.size} bytes; a book of an index may have at most "
                f"{self.largest - len(BOUNDARY)}. Split it into several."
            )
        if not self.metas or self.metas[-1].bytes + size > self.largest:
            self.metas.append(ShardMeta(bytes=0, anchors=0, books=[], starts=[]))
            self._folder(len(self.metas) - 1).mkdir()
        meta, folder = self.metas[-1], self._folder(len(self.metas) - 1)

        # Straight to the disk, so that memory holds one book only.
        with (folder / TEXT).open("ab") as file:
            file.writelines([*content.parts, BOUNDARY])
        anchors = np.concatenate(content.anchors)  # parts of (anchors of the part, 2) -> (anchors, 2)
        anchors[:, 0] += meta.bytes  # positions in the book -> positions in the shard
        with (folder / ANCHORS).open("ab") as file:
            file.write(anchors.astype("<i8").tobytes())

        meta.books.append(number)
        meta.starts.append(meta.bytes)
        meta.bytes += size
        meta.anchors += len(anchors)

    def sort(self) -> None:
        """Sort the suffixes of every shard, and write what a search needs."""
        for number, meta in enumerate(self.metas):
            folder = self._folder(number)
            # The last bytes need windows too.
            with (folder / TEXT).open("ab") as file:
                file.write(bytes(WINDOW))
            # Books appended pairs; a reader maps all positions as one array and all characters as another.
            anchors = np.fromfile(folder / ANCHORS, dtype="<i8").reshape(-1, 2)  # (2 * anchors,) -> (anchors, 2)
            _write_array(folder / ANCHORS, anchors.T)  # (anchors, 2) -> (2, anchors)
            padded = np.fromfile(folder / TEXT, dtype=np.uint8)  # (bytes + WINDOW,)
            # The padding is no part of the text and gets no suffixes.
            suffixes = pydivsufsort.divsufsort(padded[: meta.bytes])  # (bytes,)
            _write_array(folder / SUFFIXES, suffixes.astype("<i4", copy=False))
            _write_keys(folder / KEYS, overlapping_windows(padded), suffixes)

    def _folder(self, number: int) -> Path:
        return self.folder / f"{self.view}-{number}"


def _write_keys(path: Path, windows: NDArray[np.uint64], suffixes: NDArray[np.int32]) -> None:
    """Write the window of every KEY_EVERY-th suffix, as an integer that sorts like its bytes."""
    with path.open("wb") as file:
        # KEYS_AT_ONCE is a multiple of KEY_EVERY, so that every batch begins with a key.
        for start in range(0, len(suffixes), KEYS_AT_ONCE):
            keys = windows[suffixes[start : start + KEYS_AT_ONCE : KEY_EVERY]].byteswap()  # little- to big-endian
            file.write(keys.astype("<u8").tobytes())


def _write_word_counts(folder: Path, words: Counter[str]) -> None:
    """Write the hashes of the words in ascending order, and how often each word occurs."""
    hashes = np.fromiter(map(word_hash, words), dtype=np.uint64, count=len(words))
    counts = np.fromiter(words.values(), dtype=np.int64, count=len(words))
    # Sorted, so that a reader finds a word by binary search in the mapped file.
    order = np.argsort(hashes)
    _write_array(folder / WORD_HASHES, hashes[order].astype("<u8"))
    _write_array(folder / WORD_COUNTS, counts[order].astype("<i8"))


def _write_array(path: Path, array: NDArray[Any]) -> None:
    """Write the numbers of `array`, row by row. numpy's own `tofile` does not say so when the disk is full."""
    with path.open("wb") as file:
        file.write(np.ascontiguousarray(array).data)


def _return_freed_memory() -> None:
    """Return the memory that the C library keeps for later: more than a byte per byte of text for a small library."""
    # Only glibc has malloc_trim. Elsewhere nothing happens, and the peak is a little higher.
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
