"""How surprising a passage is, in bits: the rarer its words, the more bits.

A long passage of common words deserves less attention than a shorter one of rare words. So OLMoTrace ranks its spans by
the sum of the log-probabilities of their tokens, each by itself (Liu et al. 2025, arXiv 2504.07096). Here the unit is a
word, so the ranking does not depend on a tokenizer, and the sum is positive: -log2 p bits for a word of probability p.
"""

import functools
import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import Index
from poet.attribution.normalise import HAN, KANA, Normalised

# The words of a normalised text: letters, digits and underscores. In Chinese and Japanese nothing parts the words, so
# each character counts as one; else a whole clause would be a word that occurs once.
WORDS = re.compile(rf"[{HAN}{KANA}]|[^\W{HAN}{KANA}]+")


@functools.lru_cache(maxsize=1 << 16)
def word_hash(word: str) -> int:
    """The 64-bit hash of `word` in the index: a sorted array of integers can be mapped from a file and searched.

    In a library of a million different words, two share a hash with a probability of about 3 in 100 million.
    """
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def surprise(index: Index, view: Normalised, spans: Sequence[tuple[int, int]]) -> list[float]:
    """The bits of each of `spans` (start, end): the sum over the words that lie completely inside the span.

    `view` is the normalised text; the spans are offsets in the original text. The probability of a word is its share of
    all words of the books. A word that no book contains counts as if it occurred once.
    """
    words = list(WORDS.finditer(view.text))
    if not words or not len(index.word_hashes):
        return [0.0] * len(spans)
    word_starts, word_ends = np.array([word.span() for word in words]).T  # (words, 2) -> two arrays (words,)
    hashes = np.array([word_hash(word.group()) for word in words], dtype=np.uint64)

    # bits_before[i]: the bits of the first i words. So the bits of any run of words are one subtraction.
    bits_before = np.concatenate(([0.0], np.cumsum(_word_bits(index, hashes))))  # (words + 1,)
    starts, ends = np.array(spans, dtype=np.int64).reshape(-1, 2).T  # (spans, 2) -> two arrays (spans,)
    # The words [first, last) of a span: the first that starts in it, and behind the last that ends in it.
    first = np.searchsorted(view.origin[word_starts], starts)
    last = np.searchsorted(view.origin[word_ends], ends, side="right")
    # A span inside one word has last < first, and no word.
    bits = bits_before[np.maximum(first, last)] - bits_before[first]
    return [round(float(value), 2) for value in bits]


def _word_bits(index: Index, hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """-log2 of the share of each word: (words,)."""
    # Where the hash is, or would be inserted; a hash beyond the last one is compared with the last one.
    place = np.minimum(np.searchsorted(index.word_hashes, hashes), len(index.word_hashes) - 1)
    counts = np.where(index.word_hashes[place] == hashes, index.word_counts[place], 1)
    return np.log2(index.total_words / counts)
