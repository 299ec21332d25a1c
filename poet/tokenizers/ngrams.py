"""The n-grams that a text repeats, found with one suffix array instead of one count per length.

The functions work on any array of small integers: characters and bytes alike.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pydivsufsort
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Ngrams:
    """m n-grams as places in the text: the `start` of one occurrence, the `length` in symbols, and the `frequency`, the
    number of occurrences; each (m,) int64.
    """

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    frequency: NDArray[np.int64]


def frequent_ngrams(symbols: NDArray[Any], *, longest: int, min_frequency: int, count: int) -> Ngrams:
    """The `count` n-grams of 2 to `longest` symbols that cover most of `symbols` (n,) (frequency times length), each
    occurring `min_frequency` times or more; ties go to the n-gram that is shorter, then alphabetically first.

    Suffixes that share their first L symbols are neighbours in the suffix array (Manber and Myers 1993), so the
    n-grams of length L are the runs of neighbours whose common prefix is at least L long (Kasai et al. 2001).
    """
    suffixes = pydivsufsort.divsufsort(symbols)  # (n,) the starts of all suffixes, in alphabetical order
    # shared[i] is the length of the common prefix of suffixes i and i + 1. Longer ones than `longest` do not matter,
    # and a byte holds the rest.
    shared = np.minimum(pydivsufsort.kasai(symbols, suffixes), longest).astype(np.uint8)[: len(symbols) - 1]
    # Keep the best so far and join each length to them: memory is that of one length, not of all.
    best = Ngrams(start=_none(), length=_none(), frequency=_none())
    for length in range(2, longest + 1):
        found = _runs(suffixes, shared, length, max(2, min_frequency))
        best = _most_covering(_joined(best, found), count)
    return best


def _runs(suffixes: NDArray[Any], shared: NDArray[np.uint8], length: int, min_frequency: int) -> Ngrams:
    """All n-grams of `length` symbols, in alphabetical order."""
    # A run ends where two neighbours share less than `length`; the first suffix of a run starts with its n-gram.
    borders = np.flatnonzero(shared < length)
    first = np.concatenate(([0], borders + 1))
    frequency = np.diff(np.append(first, len(suffixes)))
    kept = frequency >= min_frequency
    start = suffixes[first[kept]].astype(np.int64)
    return Ngrams(start=start, length=np.full(len(start), length), frequency=frequency[kept])


def _most_covering(ngrams: Ngrams, count: int) -> Ngrams:
    """The `count` n-grams with the most symbols in all their occurrences. The sort is stable: ties keep their order."""
    order = np.argsort(-ngrams.frequency * ngrams.length, kind="stable")[:count]
    return Ngrams(start=ngrams.start[order], length=ngrams.length[order], frequency=ngrams.frequency[order])


def _joined(one: Ngrams, other: Ngrams) -> Ngrams:
    return Ngrams(
        start=np.concatenate((one.start, other.start)),
        length=np.concatenate((one.length, other.length)),
        frequency=np.concatenate((one.frequency, other.frequency)),
    )


def _none() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)
