"""A suffix array over the training text: every passage of every book, in alphabetical order, ready to be searched.

The text is UTF-8 bytes, the books one after another with the byte 0xFF after each, which no UTF-8 text holds; so no
match crosses from one book into the next. Positions inside a book are told in characters. There are two views, the
text itself and its normalised form (poet.attribution.normalise), each in shards small enough for int32. All arrays
are mapped from their files, so opening takes the same few milliseconds whatever the size; building writes them.
"""

import bisect
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poet.errors import DataError
from poet.files import read_json

FORMAT_VERSION = 2
META, WORD_HASHES, WORD_COUNTS = "meta.json", "word_hashes.bin", "word_counts.bin"
EXACT, NORMALISED = "exact", "normalised"
VIEWS = (EXACT, NORMALISED)
TEXT, SUFFIXES, KEYS, ANCHORS = "text.bin", "suffixes.bin", "keys.bin", "anchors.bin"
BOUNDARY = b"\xff"

# Bytes compared at once: a big-endian uint64 sorts like its bytes. The text is followed by as many zeros.
WORD = 8
# Every so many ranks, the first WORD bytes of the suffix are kept as a key: a quarter byte per byte of text that spares
# all but the last five steps of most searches, and with them the far jumps.
STRIDE = 32
# A byte whose character is known stands at least every so often, so that telling a place counts no more than this.
ANCHOR_EVERY = 256
# Places that are told at once: the bytes between them and their anchors take a few megabytes.
PLACES = 1 << 11


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Some of the books in one view: n bytes and their sorted suffixes."""

    text: NDArray[np.uint8]  # (n,)
    words: NDArray[np.uint64]  # (n,) the WORD bytes from each position on, little-endian, overlapping
    suffixes: NDArray[np.int32]  # (n,) starts of the suffixes in alphabetical order
    keys: NDArray[np.uint64]  # (ceil(n / STRIDE),) the first WORD bytes of every STRIDE-th of them, big-endian
    books: NDArray[np.int64]  # (books here,) their numbers in the index
    starts: NDArray[np.int64]  # (books here,) byte at which each begins, ascending
    anchors: NDArray[np.int64]  # (anchors,) bytes, ascending, whose character is known
    characters: NDArray[np.int64]  # (anchors,) that character's offset in the original text of its book

    def characters_at(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The offsets in their books, in original characters, of the bytes at `positions`, where characters begin; of
        the shape of `positions`.
        """
        places = positions.ravel()
        anchors = self.anchors.searchsorted(places, side="right") - 1
        offsets: NDArray[np.int64] = self.characters[anchors]
        for start in range(0, len(places), PLACES):
            part = slice(start, start + PLACES)
            offsets[part] += _characters_between(self.text, self.anchors[anchors[part]], places[part])
        return offsets.reshape(positions.shape)

    def holds(self, passage: bytes) -> bool:
        """Whether `passage`, which is not empty, stands in a book."""
        rank = self._rank(passage)
        return rank < len(self.suffixes) and self._prefix(len(passage), rank) == passage

    def interval(self, passage: bytes) -> tuple[int, int]:
        """The ranks [low, high) of the suffixes that begin with `passage`, which is not empty."""
        lower = self._rank(passage)
        low, high = self._bracket(passage[:WORD].ljust(WORD, b"\xff"))
        prefix = functools.partial(self._prefix, len(passage))
        return lower, bisect.bisect_right(range(high), passage, max(lower, low), key=prefix)

    def _rank(self, passage: bytes) -> int:
        """How many suffixes sort before `passage`."""
        low, high = self._bracket(passage[:WORD].ljust(WORD, b"\0"))
        return bisect.bisect_left(range(high), passage, low, key=functools.partial(self._prefix, len(passage)))

    def _prefix(self, size: int, rank: int) -> bytes:
        """The first `size` bytes of the suffix of that `rank`."""
        place = self.suffixes.data[rank]
        return bytes(self.text.data[place : place + size])

    def _bracket(self, word: bytes) -> tuple[int, int]:
        """Ranks between which lies the place of a suffix that begins with the WORD bytes `word`."""
        key = np.uint64(int.from_bytes(word))
        below, above = int(self.keys.searchsorted(key)), int(self.keys.searchsorted(key, side="right"))
        return max(0, (below - 1) * STRIDE), min(above * STRIDE, len(self.suffixes))


@dataclass(frozen=True, kw_only=True)
class Index:
    """The books in their order, their text in shards, and how often each word stands in them."""

    books: list[str]
    exact: tuple[Shard, ...]
    normalised: tuple[Shard, ...]
    word_hashes: NDArray[np.uint64]  # (words,) ascending
    word_counts: NDArray[np.int64]  # (words,)
    total_words: int


def _characters_between(
    text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many characters begin in each of the stretches [start, end) of the UTF-8 `text`."""
    behind = np.cumsum(ends - starts)
    before = behind - (ends - starts)
    total = int(behind[-1])
    bytes_ = text[np.repeat(starts - before, ends - starts) + np.arange(total)]
    leads = np.concatenate(([0], np.cumsum((bytes_ & 0xC0) != 0x80)))
    counts: NDArray[np.int64] = leads[behind] - leads[before]
    return counts


def overlapping_words(padded: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The little-endian words that begin at each byte of `padded` (n + WORD,) up to byte n: (n + 1,), no copy."""
    return np.ndarray((len(padded) - WORD + 1,), "<u8", buffer=padded.data, strides=(1,))


def open_index(folder: Path) -> Index:
    """Map the index in `folder` into memory; DataError when a file is missing, of another version or length."""
    meta = read_json(folder / META)
    version = meta.get("format_version") if isinstance(meta, dict) else None
    if version != FORMAT_VERSION:
        raise DataError(
            f"{folder / META} has format_version {version!r}, expected {FORMAT_VERSION}. Run `dvc repro` to build the "
            "index again."
        )
    views = {
        view: tuple(_open_shard(folder / f"{view}-{number}", shard) for number, shard in enumerate(meta["views"][view]))
        for view in VIEWS
    }
    return Index(
        books=meta["books"],
        exact=views[EXACT],
        normalised=views[NORMALISED],
        word_hashes=_mapped(folder / WORD_HASHES, "<u8", meta["words"]),
        word_counts=_mapped(folder / WORD_COUNTS, "<i8", meta["words"]),
        total_words=meta["total_words"],
    )


def _open_shard(folder: Path, meta: dict[str, Any]) -> Shard:
    size, anchors = meta["bytes"], meta["anchors"]
    padded = _mapped(folder / TEXT, "u1", size + WORD)
    places = _mapped(folder / ANCHORS, "<i8", 2 * anchors)
    return Shard(
        text=padded[:size],
        words=overlapping_words(padded),
        suffixes=_mapped(folder / SUFFIXES, "<i4", size),
        keys=_mapped(folder / KEYS, "<u8", -(-size // STRIDE)),
        books=np.array(meta["books"], dtype=np.int64),
        starts=np.array(meta["starts"], dtype=np.int64),
        anchors=places[:anchors],
        characters=places[anchors:],
    )


def _mapped(path: Path, dtype: str, count: int) -> NDArray[Any]:
    """The array (count,) in the file `path`."""
    expected = count * np.dtype(dtype).itemsize
    size = path.stat().st_size if path.is_file() else 0
    if size != expected:
        raise DataError(f"{path} has {size} bytes, expected {expected}. Remove {path.parent} and run `dvc repro`.")
    # An empty file cannot be mapped. asarray: a memmap is slower to index than the plain array over the same memory.
    return np.asarray(np.memmap(path, dtype=dtype, mode="r")) if count else np.zeros(0, dtype)
