"""Binary search over a suffix array for many passages at once: each step is one NumPy operation on all of them.

A step compares eight bytes as one integer, from where both ends of the search already agree (Manber and Myers 1993),
so a search costs the logarithm of the text and not its product with the length of the match.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import STRIDE, WORD, Shard, overlapping_words

Numbers = NDArray[np.int64]

# An XOR of words below the k-th of these has more than 7 - k equal leading bytes.
BYTE_STEPS = np.array([1 << 8 * k for k in range(WORD)], dtype=np.uint64)
# Words of a passage that are compared in one step after its first one, and of all passages together: a few megabytes.
FIRST_WORDS, MOST_WORDS = 4, 1 << 18
ALL = np.uint64((1 << 64) - 1)


@dataclass(frozen=True, kw_only=True)
class Query:
    """The UTF-8 bytes (n,) uint8 of a text to search for, and the words (n + 1,) that begin at each of them."""

    content: NDArray[np.uint8]
    words: NDArray[np.uint64]


def query_of(text: str) -> Query:
    """`text` as bytes. Lone surrogates, which no book holds, become bytes that no book holds."""
    padded = np.frombuffer(text.encode("utf-8", "surrogatepass") + bytes(WORD), dtype=np.uint8)
    return Query(content=padded[:-WORD], words=overlapping_words(padded))


def longest(shard: Shard, query: Query, starts: Numbers) -> Numbers:
    """For each of `starts` in `query`, the length in bytes of the longest prefix from there that `shard` holds."""
    # Neighbours in the alphabet are neighbours in the suffix array: sorted, the searches share what they load.
    order = np.argsort(query.words[starts].byteswap())
    search = _Search(shard, query, starts[order], len(query.content) - starts[order], np.zeros(len(starts), dtype=bool))
    lengths = np.empty(len(starts), dtype=np.int64)
    lengths[order] = search.longest()
    return lengths


def intervals(shard: Shard, query: Query, starts: Numbers, lengths: Numbers) -> tuple[Numbers, Numbers]:
    """The ranks [low, high) of the suffixes that begin with `query[start : start + length]`, for each of `starts`."""
    upper = np.arange(2 * len(starts)) >= len(starts)
    bounds = _Search(shard, query, np.tile(starts, 2), np.tile(lengths, 2), upper).bounds()
    return bounds[: len(starts)], bounds[len(starts) :]


class _Search:
    """Where passages belong among the suffixes: before those that begin with them or, for `upper`, behind."""

    def __init__(self, shard: Shard, query: Query, starts: Numbers, lengths: Numbers, upper: NDArray[np.bool_]) -> None:
        self.shard, self.query = shard, query
        self.starts, self.lengths, self.upper = starts, lengths, upper
        # Where each passage belongs, and how many bytes it shares with the suffix before `low` and the one at `high`.
        self.low, self.high, self.shared_low, self.shared_high = self._bracket()

    def bounds(self) -> Numbers:
        """How many suffixes sort before each passage."""
        while (rows := (self.low < self.high).nonzero()[0]).size:
            low, high, shared_low, shared_high = (
                array[rows] for array in (self.low, self.high, self.shared_low, self.shared_high)
            )
            middle = (low + high) >> 1
            shared, before = self._compare(rows, middle, np.minimum(shared_low, shared_high))
            after = ~before
            self.low[rows] = np.where(before, middle + 1, low)
            self.high[rows] = np.where(after, middle, high)
            self.shared_low[rows] = np.where(before, shared, shared_low)
            self.shared_high[rows] = np.where(after, shared, shared_high)
        return self.low

    def longest(self) -> Numbers:
        """The most bytes that each passage shares with any suffix: with one of its two neighbours."""
        self.bounds()
        return np.maximum(self.shared_low, self.shared_high)

    def _bracket(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Ranks between which each passage belongs, by the keys, and the bytes that it shares with the suffixes around
        them.
        """
        words = self.query.words[self.starts].byteswap()
        unused = np.maximum(WORD - self.lengths, 0).astype(np.uint64) * np.uint64(8)
        beyond = np.where(self.lengths > 0, ~(ALL << np.minimum(unused, np.uint64(63))), ALL)
        target = np.where(self.upper, words | beyond, words & ~beyond)
        keys, size = self.shard.keys, len(self.shard.suffixes)
        below, above = keys.searchsorted(target), keys.searchsorted(target, side="right")

        def shared(places: Numbers) -> Numbers:
            # These keys differ from the passage within their bytes, so they tell all that it shares with the suffix.
            equal = _equal_bytes(keys.take(places, mode="clip") ^ words)
            return np.where((places >= 0) & (places < len(keys)), np.minimum(equal, self.lengths), 0)

        low = np.where(below > 0, (below - 1) * STRIDE + 1, 0)
        return low, np.minimum(above * STRIDE, size), shared(below - 1), shared(above)

    def _compare(self, rows: Numbers, ranks: Numbers, skip: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
        """(shared bytes, whether the suffix sorts before the passage) for the suffixes at `ranks`, of which `skip`
        bytes are known to be shared.
        """
        starts, lengths = self.starts[rows], self.lengths[rows]
        positions = self.shard.suffixes[ranks].astype(np.int64)
        ours, theirs = self.query.words[starts + skip], self.shard.words[positions + skip]
        shared = skip + _equal_bytes((ours ^ theirs).byteswap())
        alive = ((ours == theirs) & (shared < lengths)).nonzero()[0]
        width = FIRST_WORDS
        while alive.size:
            a, b, passed = self._differing(starts[alive] + shared[alive], positions[alive] + shared[alive], width)
            ours[alive], theirs[alive] = a, b
            shared[alive] += passed + _equal_bytes((a ^ b).byteswap())
            alive = alive[(a == b) & (shared[alive] < lengths[alive])]
            # So a long match takes as many steps as the logarithm of its length.
            width = min(4 * width, max(1, MOST_WORDS // max(1, len(alive))))
        whole = shared >= lengths
        before = np.where(whole, self.upper[rows], theirs.byteswap() < ours.byteswap())
        return np.minimum(shared, lengths), before

    def _differing(
        self, places: Numbers, positions: Numbers, width: int
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], Numbers]:
        """The first of `width` words from `places` in the query that differs from the one as far behind `positions` in
        the shard, else the last of them; that other word; how many bytes lie before.
        """
        offsets = WORD * np.arange(width)
        # Behind the end, which no comparison passes, the last word again.
        ours = self.query.words[np.minimum(places[:, None] + offsets, len(self.query.words) - 1)]
        theirs = self.shard.words[np.minimum(positions[:, None] + offsets, len(self.shard.words) - 1)]
        differs = ours != theirs
        differs[:, -1] = True
        first, rows = differs.argmax(axis=1), np.arange(len(places))
        return ours[rows, first], theirs[rows, first], WORD * first


def _equal_bytes(difference: NDArray[np.uint64]) -> Numbers:
    """How many first bytes two big-endian words share whose XOR is `difference`."""
    return WORD - BYTE_STEPS.searchsorted(difference, side="right")
