"""Binary search in a suffix array for many passages at once: each step is one NumPy operation on all of them.

A plain binary search would compare every passage with log2(n) suffixes, each time from the first byte on. Three things
make it fast:

- The first steps use the keys (`poet.attribution.index`), a small sorted array.
- Where both ends of the search share k bytes with the passage, so do all suffixes between them, because they are
  sorted. A comparison begins behind these k bytes (Manber and Myers 1993), so the cost is about the length of the match
  plus the logarithm of the text, not their product.
- Eight bytes, a window, are compared as one integer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import KEY_EVERY, WINDOW, IntArray, Shard, overlapping_windows
from poet.attribution.utf8 import character_boundaries

# 1, 256, 65536, ...: the XOR of two big-endian windows is below the k-th of these (k = 0, 1, ...) if and only if the
# windows agree in more than 7 - k leading bytes.
BYTE_STEPS = np.array([1 << 8 * k for k in range(WINDOW)], dtype=np.uint64)

# A comparison that the first window does not decide looks at FIRST_WINDOWS at once, then at four times as many, and so
# on, but never at more than MOST_WINDOWS of all passages together: a few megabytes.
FIRST_WINDOWS, MOST_WINDOWS = 4, 1 << 18

ALL_BITS = np.uint64((1 << 64) - 1)


@dataclass(frozen=True, kw_only=True)
class QueryText:
    """A text to search for, as bytes."""

    content: NDArray[np.uint8]  # (n,) UTF-8
    windows: NDArray[np.uint64]  # (n + 1,) the window at each byte, as in `Shard`
    boundaries: IntArray  # (boundaries,) the bytes at which a match may begin or end, ascending: those of characters


def encode_query(text: str) -> QueryText:
    """`text` as a query. Lone surrogates, which no book contains, become bytes that no book contains."""
    padded = np.frombuffer(text.encode("utf-8", "surrogatepass") + bytes(WINDOW), dtype=np.uint8)
    content = padded[:-WINDOW]
    return QueryText(content=content, windows=overlapping_windows(padded), boundaries=character_boundaries(content))


def longest_matches(shard: Shard, query: QueryText, starts: IntArray) -> IntArray:
    """How many bytes of the query, from each of `starts` on, occur in `shard` together: (starts,)."""
    # Neighbours in the alphabet are neighbours in the suffix array. Searches in alphabetical order therefore read the
    # same parts of memory, which the processor then has in its cache.
    order = np.argsort(query.windows[starts].byteswap())
    ordered = starts[order]
    search = _Search(shard, query, ordered, len(query.content) - ordered, np.zeros(len(starts), dtype=bool))
    lengths = np.empty(len(starts), dtype=np.int64)
    lengths[order] = search.longest_shared()
    return lengths


def intervals(shard: Shard, query: QueryText, starts: IntArray, lengths: IntArray) -> tuple[IntArray, IntArray]:
    """The ranks [low, high) of the suffixes that begin with `query[start : start + length]`: two arrays (starts,)."""
    # Lower and upper bounds in one search: the first half of the passages looks for the one, the second for the other.
    upper = np.arange(2 * len(starts)) >= len(starts)
    bounds = _Search(shard, query, np.tile(starts, 2), np.tile(lengths, 2), upper).insertion_points()
    return bounds[: len(starts)], bounds[len(starts) :]


class _Search:
    """Binary search for the insertion points of the passages `query[start : start + length]`.

    Where `upper` is set, the insertion point is the upper bound, behind all suffixes that begin with the passage;
    elsewhere it is the lower bound, before them.
    """

    def __init__(
        self, shard: Shard, query: QueryText, starts: IntArray, lengths: IntArray, upper: NDArray[np.bool_]
    ) -> None:
        self.shard, self.query = shard, query
        self.starts, self.lengths, self.upper = starts, lengths, upper  # (passages,) each
        # The state of the search, (passages,) each. The insertion point is in [low, high]; the passage shares
        # `shared_low` bytes with the suffix before `low`, and `shared_high` with the one at `high`.
        self.low, self.high, self.shared_low, self.shared_high = self._start_from_keys()

    def insertion_points(self) -> IntArray:
        """How many suffixes sort before each passage: (passages,)."""
        while (rows := (self.low < self.high).nonzero()[0]).size:  # the passages that are not settled yet
            low, high = self.low[rows], self.high[rows]
            shared_low, shared_high = self.shared_low[rows], self.shared_high[rows]
            middle = (low + high) >> 1
            # All suffixes between the two ends share at least this many bytes with the passage.
            skip = np.minimum(shared_low, shared_high)
            shared, before = self._compare(rows, middle, skip)
            # Where the suffix in the middle sorts before the passage, the search goes on behind it, else up to it.
            self.low[rows] = np.where(before, middle + 1, low)
            self.high[rows] = np.where(before, high, middle)
            self.shared_low[rows] = np.where(before, shared, shared_low)
            self.shared_high[rows] = np.where(before, shared_high, shared)
        return self.low

    def longest_shared(self) -> IntArray:
        """The most bytes that each passage shares with any suffix: (passages,)."""
        # Suffixes share the fewer bytes with the passage the further away they sort, so one of its two neighbours
        # shares the most.
        self.insertion_points()
        return np.maximum(self.shared_low, self.shared_high)

    def _start_from_keys(self) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """The first (low, high, shared_low, shared_high), from a search among the keys."""
        windows = self.query.windows[self.starts].byteswap()  # little- to big-endian: integers that sort like bytes
        # A passage shorter than a window does not use the last bytes of it. For a lower bound they are set to the least
        # value, zeros, and for an upper bound to the greatest, ones. A shift by all 64 bits is undefined, so that an
        # empty passage is treated by itself.
        unused_bits = 8 * np.maximum(WINDOW - self.lengths, 0).astype(np.uint64)
        unused = np.where(self.lengths > 0, ~(ALL_BITS << np.minimum(unused_bits, np.uint64(63))), ALL_BITS)
        target = np.where(self.upper, windows | unused, windows & ~unused)

        keys = self.shard.keys
        smaller, not_greater = keys.searchsorted(target), keys.searchsorted(target, side="right")
        # The suffix of the last smaller key sorts before the passage, the one of the first greater key behind it.
        low = np.where(smaller > 0, (smaller - 1) * KEY_EVERY + 1, 0)
        high = np.minimum(not_greater * KEY_EVERY, len(self.shard.suffixes))
        return low, high, self._shared_with_key(windows, smaller - 1), self._shared_with_key(windows, not_greater)

    def _shared_with_key(self, windows: NDArray[np.uint64], numbers: IntArray) -> IntArray:
        """How many bytes each passage shares with the suffix of the key with that number; 0 where there is no such key.

        Valid for keys that are not equal to the passage's window: then the first window decides.
        """
        keys = self.shard.keys
        equal = _equal_bytes(keys.take(numbers, mode="clip") ^ windows)
        return np.where((numbers >= 0) & (numbers < len(keys)), np.minimum(equal, self.lengths), 0)

    def _compare(self, rows: IntArray, ranks: IntArray, skip: IntArray) -> tuple[IntArray, NDArray[np.bool_]]:
        """Compare the passages `rows` with the suffixes at `ranks`; the first `skip` bytes are known to be equal.

        Returns how many bytes they share, and whether the suffix sorts before the passage: two arrays (rows,).
        """
        starts, lengths = self.starts[rows], self.lengths[rows]
        positions = self.shard.suffixes[ranks].astype(np.int64)

        # Most comparisons are decided by the window behind the skipped bytes.
        ours, theirs = self.query.windows[starts + skip], self.shard.windows[positions + skip]
        shared = skip + _equal_bytes((ours ^ theirs).byteswap())

        # The others go on, with more windows in each round, so that a long match takes as many rounds as the logarithm
        # of its length.
        undecided = ((ours == theirs) & (shared < lengths)).nonzero()[0]
        count = FIRST_WINDOWS
        while undecided.size:
            reached = shared[undecided]
            our, their, passed = self._first_difference(
                starts[undecided] + reached, positions[undecided] + reached, count
            )
            ours[undecided], theirs[undecided] = our, their
            shared[undecided] += passed + _equal_bytes((our ^ their).byteswap())
            undecided = undecided[(our == their) & (shared[undecided] < lengths[undecided])]
            count = min(4 * count, max(1, MOST_WINDOWS // max(1, len(undecided))))

        # A suffix that begins with the passage sorts before its upper bound, and behind its lower bound.
        begins_with = shared >= lengths
        before = np.where(begins_with, self.upper[rows], theirs.byteswap() < ours.byteswap())
        return np.minimum(shared, lengths), before

    def _first_difference(
        self, places: IntArray, positions: IntArray, count: int
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], IntArray]:
        """Compare `count` windows of the query, from `places` on, with those of the shard from `positions` on.

        Returns for each the first pair of windows that differ, or the last pair if none differs, and how many bytes
        precede it: three arrays (places,).
        """
        offsets = WINDOW * np.arange(count)
        # Beyond the end of a text, its last window is repeated. No comparison gets there: a passage ends before.
        # (places, 1) + (count,) -> (places, count)
        ours = self.query.windows[np.minimum(places[:, None] + offsets, len(self.query.windows) - 1)]
        theirs = self.shard.windows[np.minimum(positions[:, None] + offsets, len(self.shard.windows) - 1)]
        differs = ours != theirs
        differs[:, -1] = True  # so that argmax finds the last pair where all are equal
        first, rows = differs.argmax(axis=1), np.arange(len(places))
        return ours[rows, first], theirs[rows, first], WINDOW * first


def _equal_bytes(difference: NDArray[np.uint64]) -> IntArray:
    """In how many leading bytes two big-endian windows agree, from their XOR, `difference`.

    >>> _equal_bytes(np.array([0, 0x01, 0xFF00, 1 << 63], dtype=np.uint64)).tolist()
    [8, 7, 6, 0]
    """
    return WINDOW - BYTE_STEPS.searchsorted(difference, side="right")
