"""Books that share much of their text: two editions of one work, or a part and the whole.

Training on both doubles the weight of what they share, and most of what a model then copies is that. Books are compared
by sketches: of all runs of eight words, those whose hash falls below a bound. The share of one sketch found in another
estimates the share of the text (FracMinHash, Irber et al. 2022).
"""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RUN = 8  # words; shorter runs are common property, longer ones miss revised editions
KEPT_OF = 32  # one run in so many is kept

# Share of the smaller book from which two books are told; unrelated novels share less than 0.001.
OVERLAP = 0.2

# An odd multiplier spreads the hashes of words over 64 bits (Knuth's multiplicative hashing, golden ratio).
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """`share` of the text of `book`, the smaller of two, also stands in `other`."""

    book: str
    other: str
    share: float


def sketch(text: str) -> NDArray[np.uint64]:
    """The kept hashes of all runs of words of `text`, sorted, each once; spelling counts, case and punctuation do
    not.
    """
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold())
    if len(words) < RUN:
        return np.zeros(0, dtype=np.uint64)
    hashes = np.fromiter((zlib.crc32(word.encode("utf-8")) for word in words), dtype=np.uint64, count=len(words))
    runs = np.zeros(len(words) - RUN + 1, dtype=np.uint64)
    for i in range(RUN):
        runs = (runs ^ hashes[i : i + len(runs)]) * MULTIPLIER  # wraps around: arithmetic modulo 2^64
        runs ^= runs >> np.uint64(29)
    kept: NDArray[np.uint64] = np.unique(runs[runs < np.uint64(2**64 // KEPT_OF)])
    return kept


def overlaps(sketches: dict[str, NDArray[np.uint64]], sizes: dict[str, int]) -> list[Overlap]:
    """Every pair of books that shares at least OVERLAP of the smaller one; of two equal sizes the later is the
    smaller.
    """
    found = []
    books: Sequence[str] = list(sketches)
    for i, one in enumerate(books):
        for other in books[i + 1 :]:
            smaller, larger = (one, other) if sizes[one] < sizes[other] else (other, one)
            if not len(sketches[smaller]):
                continue
            common = np.intersect1d(sketches[one], sketches[other], assume_unique=True)
            share = len(common) / len(sketches[smaller])
            if share >= OVERLAP:
                found.append(Overlap(book=smaller, other=larger, share=round(share, 3)))
    return found
