"""How surprising a passage is: the bits of its words when each is drawn by itself, as often as it stands in the books.

A long passage of common words is worth less notice than a shorter one of rare words, so OLMoTrace ranks its spans by
the sum of unigram log-probabilities (Liu et al. 2025, arXiv 2504.07096); here the unit is a word, the sum is positive.
"""

import functools
import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import Index
from poet.attribution.normalise import Normalised

WORDS = re.compile(r"\w+")


@functools.lru_cache(maxsize=1 << 16)
def word_hash(word: str) -> int:
    """The 64 bits that stand for `word` in the index; two words of one library meet in them about never."""
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def surprise(index: Index, view: Normalised, spans: Sequence[tuple[int, int]]) -> list[float]:
    """For each of `spans` (original characters), the sum of -log2 p over the words that lie wholly in it.

    `view` is the normalised text; the p of a word is its share of the words of the books, at least one occurrence.
    """
    found = list(WORDS.finditer(view.text))
    if not found or not len(index.word_hashes):
        return [0.0] * len(spans)
    begins, ends = np.array([match.span() for match in found]).T
    hashes = np.array([word_hash(match.group()) for match in found], dtype=np.uint64)
    bits = np.concatenate(([0.0], np.cumsum(_bits(index, hashes))))
    starts, stops = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    first = np.searchsorted(view.origin[begins], starts)
    last = np.searchsorted(view.origin[ends], stops, side="right")
    return [round(float(value), 2) for value in bits[np.maximum(first, last)] - bits[first]]


def _bits(index: Index, hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    place = np.minimum(np.searchsorted(index.word_hashes, hashes), len(index.word_hashes) - 1)
    counts = np.where(index.word_hashes[place] == hashes, index.word_counts[place], 1)
    return np.log2(index.total_words / counts)
