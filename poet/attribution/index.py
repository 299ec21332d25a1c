"""The index: a suffix array over the training text, in which every passage of every book can be found at once.

A suffix array lists the starts of all suffixes of a text in alphabetical order (Manber and Myers 1993). For "banana":

    rank  position  suffix
       0         5  a
       1         3  ana
       2         1  anana
       3         0  banana
       4         4  na
       5         2  nana

All suffixes that begin with a passage are neighbours: "an" begins those of the ranks 1 and 2, and their positions, 3
and 1, are the places where "an" occurs. Two binary searches find that interval, however large the text is.

The text is the UTF-8 bytes of the books, one after another. The byte 0xFF, which UTF-8 never uses, follows each book,
so that no match runs from one book into the next. The text is indexed twice: as it is, and normalised
(`poet.attribution.normalise`) for near copies. Each of these views is cut into shards whose positions fit int32.

`poet.attribution.build_index` writes the files. This module maps them into memory, so opening an index takes a few
milliseconds whatever its size, and only the pages that a search touches are read from the disk.
"""

import bisect
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poet.attribution.utf8 import is_lead
from poet.checksums import check_files
from poet.errors import DataError, rebuild
from poet.files import read_json_as

IntArray = NDArray[np.int64]

FORMAT_VERSION = 2

# The files of an index: one description, and the words of all books for `poet.attribution.surprise`.
META, WORD_HASHES, WORD_COUNTS = "meta.json", "word_hashes.bin", "word_counts.bin"

# The two views of the text. Shard number 0 of the view `exact` is in the folder `exact-0`, and so on.
EXACT, NORMALISED = "exact", "normalised"
VIEWS = (EXACT, NORMALISED)

# The files of a shard.
TEXT, SUFFIXES, KEYS, ANCHORS = "text.bin", "suffixes.bin", "keys.bin", "anchors.bin"

# Follows every book. It occurs in no UTF-8 text.
BOUNDARY = b"\xff"

# Searches compare this many bytes at a time, read as one big-endian uint64: such integers sort like their bytes. We
# call these bytes a window. As many zero bytes follow the text on the disk, so that the last byte has a window too.
WINDOW = 8

# A sparse index: the window of every 32nd suffix, called its key. It costs 0.25 bytes per byte of text and answers all
# but the last five steps (log2 32) of a binary search, the steps that would miss the processor's cache.
KEY_EVERY = 32

# Store the character offset of at least one byte in 256, so that converting a byte offset to characters counts at most
# 256 bytes.
ANCHOR_EVERY = 256

# Byte offsets converted per batch. Bounds temporary memory to a few megabytes.
CONVERTED_AT_ONCE = 1 << 11


@dataclass(kw_only=True)
class ShardMeta:
    """What meta.json says of a shard. The values grow while books are added to it."""

    bytes: int
    anchors: int
    books: list[int]  # numbers in IndexMeta.books
    starts: list[int]  # the first byte of each


@dataclass(frozen=True, kw_only=True)
class IndexMeta:
    """The content of meta.json: `bytes` of the exact view, the ids of the books, different words, words, shards."""

    format_version: int
    bytes: int
    books: list[str]
    words: int
    total_words: int
    views: dict[str, list[ShardMeta]]


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Some books of one view: n bytes of text and their suffix array."""

    text: NDArray[np.uint8]  # (n,)
    windows: NDArray[np.uint64]  # (n + 1,) the WINDOW bytes from each position on, little-endian; they overlap
    suffixes: NDArray[np.int32]  # (n,) the suffix array: positions of the suffixes in alphabetical order
    keys: NDArray[np.uint64]  # (ceil(n / KEY_EVERY),) the windows of every KEY_EVERY-th suffix, as sortable integers
    books: IntArray  # (books of the shard,) their numbers in Index.books, ascending
    starts: IntArray  # (books of the shard,) the first byte of each, ascending
    anchors: IntArray  # (anchors,) positions whose character offset is stored, ascending
    characters: IntArray  # (anchors,) that offset, in characters of the original text of the book

    def characters_at(self, positions: IntArray) -> IntArray:
        """Convert byte positions to character offsets in the original text of their books; any shape, kept.

        The positions must be those of leading bytes.
        """
        places = positions.ravel()  # any shape -> (positions,)
        # Start from the last anchor at or before each position, and count the characters from there.
        anchors = self.anchors.searchsorted(places, side="right") - 1
        offsets: IntArray = self.characters[anchors]
        for start in range(0, len(places), CONVERTED_AT_ONCE):
            batch = slice(start, start + CONVERTED_AT_ONCE)
            offsets[batch] += _count_characters(self.text, self.anchors[anchors[batch]], places[batch])
        return offsets.reshape(positions.shape)  # (positions,) -> the shape of `positions`

    def contains(self, passage: bytes) -> bool:
        """Whether `passage`, at least one byte, occurs in a book."""
        # The first suffix that does not sort before the passage begins with it, if any suffix does.
        rank = self._lower_bound(passage)
        return rank < len(self.suffixes) and self._prefix(len(passage), rank) == passage

    def interval(self, passage: bytes) -> tuple[int, int]:
        """The ranks [low, high) of the suffixes that begin with `passage`, at least one byte."""
        low = self._lower_bound(passage)
        # Among windows that begin with a short passage, the greatest is the one filled up with 0xFF.
        least, most = self._ranks_around(passage[:WINDOW].ljust(WINDOW, b"\xff"))
        prefix = functools.partial(self._prefix, len(passage))
        return low, bisect.bisect_right(range(most), passage, max(low, least), key=prefix)

    def _lower_bound(self, passage: bytes) -> int:
        """How many suffixes sort before `passage`."""
        # Among windows that begin with a short passage, the least is the one filled up with zeros.
        least, most = self._ranks_around(passage[:WINDOW].ljust(WINDOW, b"\0"))
        return bisect.bisect_left(range(most), passage, least, key=functools.partial(self._prefix, len(passage)))

    def _prefix(self, size: int, rank: int) -> bytes:
        """The first `size` bytes of the suffix with that `rank`."""
        position = self.suffixes.item(rank)  # a Python int: an int32 could overflow in the sum
        return self.text[position : position + size].tobytes()

    def _ranks_around(self, window: bytes) -> tuple[int, int]:
        """Ranks [least, most] between which a suffix that begins with the WINDOW bytes `window` must be."""
        key = np.uint64(int.from_bytes(window))
        # Key i is that of the rank i * KEY_EVERY. The rank of the last smaller key comes before all such suffixes, the
        # rank of the first greater key after them.
        smaller, not_greater = int(self.keys.searchsorted(key)), int(self.keys.searchsorted(key, side="right"))
        return max(0, (smaller - 1) * KEY_EVERY), min(not_greater * KEY_EVERY, len(self.suffixes))


@dataclass(frozen=True, kw_only=True)
class Index:
    """The ids of the books in the order of the collection, the shards of both views, and the word counts."""

    books: list[str]
    exact: tuple[Shard, ...]
    normalised: tuple[Shard, ...]
    word_hashes: NDArray[np.uint64]  # (different words,) ascending
    word_counts: IntArray  # (different words,) how often the word occurs in all books
    total_words: int

    def beginnings(self, characters: int) -> Iterator[str]:
        """The first `characters` characters of each book as it was indexed."""
        for shard in self.exact:
            # BOUNDARY follows each book.
            ends = np.append(shard.starts[1:], len(shard.text)) - len(BOUNDARY)
            for start, end in zip(shard.starts.tolist(), ends.tolist(), strict=True):
                # A character of UTF-8 has at most four bytes; the last one may be cut.
                beginning = shard.text[start : min(end, start + 4 * characters)].tobytes()
                yield beginning.decode("utf-8", "ignore")[:characters]


def _count_characters(text: NDArray[np.uint8], starts: IntArray, ends: IntArray) -> IntArray:
    """How many characters begin in each of the stretches [start, end) of `text`: (stretches,).

    >>> content = np.frombuffer("aé€b".encode(), dtype=np.uint8)
    >>> _count_characters(content, np.array([0, 1]), np.array([3, 7])).tolist()
    [2, 3]
    """
    # All stretches are copied into one array, one after another, so that NumPy counts them together.
    lengths = ends - starts
    copied_ends = np.cumsum(lengths)
    copied_starts = copied_ends - lengths
    # Byte i of the copy, in the stretch s, is byte i - copied_starts[s] + starts[s] of the text.
    source = np.arange(int(copied_ends[-1])) + np.repeat(starts - copied_starts, lengths)
    # leads[i]: characters that begin in the first i bytes of the copy.
    leads = np.concatenate(([0], np.cumsum(is_lead(text[source]))))
    counts: IntArray = leads[copied_ends] - leads[copied_starts]
    return counts


def overlapping_windows(padded: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The little-endian window at each byte of `padded` (n + WINDOW,), up to byte n: (n + 1,), without a copy.

    >>> windows = overlapping_windows(np.frombuffer(b"banana" + bytes(WINDOW), dtype=np.uint8))
    >>> windows[2].tobytes(), hex(windows[2].byteswap())  # the big-endian integer sorts like the bytes
    (b'nana\\x00\\x00\\x00\\x00', '0x6e616e6100000000')
    """
    # The elements have eight bytes, but the next one begins after a stride of one byte.
    return np.ndarray((len(padded) - WINDOW + 1,), "<u8", buffer=padded.data, strides=(1,))


def open_index(folder: Path) -> Index:
    """Map the index in `folder` into memory; DataError when a file is missing, from another version or damaged."""
    meta = read_json_as(folder / META, IndexMeta)
    if meta.format_version != FORMAT_VERSION:
        raise DataError(
            f"{folder / META} has format_version {meta.format_version}, expected {FORMAT_VERSION}. Run `dvc repro` to "
            "build the index again."
        )
    views = {
        view: tuple(_open_shard(folder / f"{view}-{number}", shard) for number, shard in enumerate(meta.views[view]))
        for view in VIEWS
    }
    # Sizes and version have the clearer messages, so they come first. Nothing is read from the maps before this.
    check_files(folder)
    return Index(
        books=meta.books,
        exact=views[EXACT],
        normalised=views[NORMALISED],
        word_hashes=_map_array(folder / WORD_HASHES, "<u8", meta.words),
        word_counts=_map_array(folder / WORD_COUNTS, "<i8", meta.words),
        total_words=meta.total_words,
    )


def _open_shard(folder: Path, meta: ShardMeta) -> Shard:
    padded = _map_array(folder / TEXT, "u1", meta.bytes + WINDOW)
    # First all positions of anchors, then all their characters.
    anchors = _map_array(folder / ANCHORS, "<i8", 2 * meta.anchors)
    return Shard(
        text=padded[: meta.bytes],
        windows=overlapping_windows(padded),
        suffixes=_map_array(folder / SUFFIXES, "<i4", meta.bytes),
        keys=_map_array(folder / KEYS, "<u8", -(-meta.bytes // KEY_EVERY)),  # the quotient, rounded up
        books=np.array(meta.books, dtype=np.int64),
        starts=np.array(meta.starts, dtype=np.int64),
        anchors=anchors[: meta.anchors],
        characters=anchors[meta.anchors :],
    )


def _map_array(path: Path, dtype: str, count: int) -> NDArray[Any]:
    """The array in the file `path`: (count,); DataError if the file has another size."""
    expected = count * np.dtype(dtype).itemsize
    size = path.stat().st_size if path.is_file() else 0
    if size != expected:
        raise DataError(f"{path} has {size} bytes, expected {expected}. {rebuild(path.parent)}")
    if not count:
        return np.zeros(0, dtype)  # an empty file cannot be mapped
    # asarray: a memmap is slower to index than the plain array over the same memory.
    return np.asarray(np.memmap(path, dtype=dtype, mode="r"))
