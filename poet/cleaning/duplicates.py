"""Books that share much of their text: two editions of one work, or a volume and a part of it.

Training on both doubles the weight of what they share, and most of what a model then copies comes from there. Each book
is represented by a sketch: of all runs of eight words, those whose hash is below a bound. The share of one sketch that
is also in another estimates the shared part of the texts (FracMinHash, Irber et al. 2022; the runs of words are the
shingles of Broder 1997). Comparing sketches takes a fraction of the time and memory of comparing texts.
"""

import re
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Words in a shingle. Shorter ones are common phrases that unrelated books share; longer ones miss revised editions.
SHINGLE_WORDS = 8

# One shingle of this many is kept: a novel of 100,000 words has a sketch of about 3,000 hashes.
SCALE = 32

# The share of the smaller book from which two books are reported. Unrelated novels share less than 0.001.
MIN_OVERLAP = 0.2

# An odd multiplier spreads the hashes of words over 64 bits (Knuth's multiplicative hashing: 2^64 / golden ratio).
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


# Without `eq`: two arrays do not compare to one truth value.
@dataclass(frozen=True, kw_only=True, eq=False)
class Sketch:
    """The kept `hashes` of a text, shape (n,), sorted and distinct; `characters` is the length of the text."""

    characters: int
    hashes: NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A `share` (0 to 1) of the text of `book`, the smaller of two, also occurs in `other`; both are ids."""

    book: str
    other: str
    share: float


def sketch(text: str) -> Sketch:
    """The sketch of `text`. Spelling makes a difference; case, punctuation and line breaks do not.

    >>> len(sketch("Seven words are fewer than a shingle.").hashes)
    0
    """
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold())
    if len(words) < SHINGLE_WORDS:
        return Sketch(characters=len(text), hashes=np.zeros(0, dtype=np.uint64))
    # (W,): one hash of 32 bits per word.
    hashes = np.fromiter((zlib.crc32(word.encode("utf-8")) for word in words), dtype=np.uint64, count=len(words))
    # (W,) -> (W - 7,): one hash per shingle. Step i mixes in the i-th word of all shingles at once, so that their order
    # counts. The product wraps around: arithmetic modulo 2^64.
    shingles = np.zeros(len(words) - SHINGLE_WORDS + 1, dtype=np.uint64)
    for i in range(SHINGLE_WORDS):
        shingles = (shingles ^ hashes[i : i + len(shingles)]) * MULTIPLIER
        # A product carries only upward; the shift brings the high bits back to the low ones.
        shingles ^= shingles >> np.uint64(29)
    # The bound depends on the hash alone: the same shingle is kept in every book, or in none.
    return Sketch(characters=len(text), hashes=np.unique(shingles[shingles < np.uint64(2**64 // SCALE)]))


def find_overlaps(sketches: Mapping[str, Sketch]) -> list[Overlap]:
    """Every pair of books that shares at least MIN_OVERLAP of the smaller one; `sketches` is by id.

    Of two books of one length, the later counts as the smaller.
    """
    found = []
    books = list(sketches)
    for i, one in enumerate(books):
        for other in books[i + 1 :]:
            one_is_smaller = sketches[one].characters < sketches[other].characters
            smaller, larger = (one, other) if one_is_smaller else (other, one)
            # A text of less than eight words has no hashes to compare.
            if not len(sketches[smaller].hashes):
                continue
            common = np.intersect1d(sketches[one].hashes, sketches[other].hashes, assume_unique=True)
            share = len(common) / len(sketches[smaller].hashes)
            if share >= MIN_OVERLAP:
                found.append(Overlap(book=smaller, other=larger, share=round(share, 3)))
    return found
