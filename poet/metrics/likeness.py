"""How like human text other text is, by statistics of words, lines and punctuation, and by a model's features.

Each distance is 0 for equal statistics. Two samples of the same author are not at distance 0, because samples differ by
chance: distances mean something only beside those of human text from human text, in samples of equal size.
"""

import functools
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from poet.attribution.words import Words

FloatArray = NDArray[np.float64]

# What is compared, in the order of a table.
MEASURES = ("word lengths", "line lengths", "punctuation", "distinct-2", "distinct-4", "known words", "features")


@dataclass(frozen=True, kw_only=True)
class MeasuredTexts:
    """Texts with what is compared of them.

    `vocabulary` holds the words that count as known, in lower case. `features` are vectors that a model computed of
    pieces of the texts, (pieces, C).
    """

    texts: Sequence[str]
    vocabulary: Collection[str]
    features: FloatArray

    @functools.cached_property
    def words(self) -> list[str]:
        """The words of all texts in their order."""
        return list(chain.from_iterable(map(words_of, self.texts)))

    @functools.cached_property
    def known_share(self) -> float:
        """The share of the words that the vocabulary contains."""
        return sum(word in self.vocabulary for word in self.words) / max(1, len(self.words))

    @functools.cached_property
    def counts(self) -> dict[str, Counter[str]]:
        """The three distributions: how often each length of a word and of a line, and each mark, occurs."""
        return {
            "word lengths": Counter(str(len(word)) for word in self.words),
            "line lengths": Counter(str(length) for text in self.texts for length in line_lengths(text)),
            "punctuation": Counter(mark for text in self.texts for mark in marks_after_words(text)),
        }


def distances(one: MeasuredTexts, other: MeasuredTexts) -> dict[str, float]:
    """The distance of two collections of texts by each of MEASURES; their order does not matter.

    The three distributions are compared by their Jensen-Shannon divergence in bits, the shares of distinct n-grams and
    of known words by their difference, the features by their Fréchet distance.
    """
    found = {name: divergence(one.counts[name], other.counts[name]) for name in one.counts}
    # The more words, the fewer of their n-grams are new: both shares are those of as many words.
    size = min(len(one.words), len(other.words))
    for n in (2, 4):
        found[f"distinct-{n}"] = abs(distinct(one.words[:size], n) - distinct(other.words[:size], n))
    found["known words"] = abs(one.known_share - other.known_share)
    found["features"] = frechet_distance(one.features, other.features)
    return found


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case.

    >>> words_of("Who's there? Nay")
    ["who's", 'there', 'nay']
    """
    words = Words(text)
    return [text[start:end].casefold() for start, end in zip(words.starts, words.ends, strict=True)]


def line_lengths(text: str) -> list[int]:
    """The characters of each complete line of `text`; 0 for a blank line.

    What stands before the first line end and behind the last one may be a part of a line.

    >>> line_lengths("ship,\\nTo be\\n\\nor not to")
    [5, 0]
    """
    return [len(line.rstrip()) for line in text.split("\n")[1:-1]]


def marks_after_words(text: str) -> Iterator[str]:
    """The first punctuation mark behind each word of `text` that another word follows; "" where there is none.

    So the distribution of these marks tells which marks are used, and how often.

    >>> list(marks_after_words("Who's there? Nay, (quoth) he"))
    ['', '?', ',', ')']
    """
    words = Words(text)
    for end, start in zip(words.ends, words.starts[1:], strict=False):
        # An opening bracket belongs to the word that follows.
        gap = (mark for mark in text[end:start] if unicodedata.category(mark)[0] in "PS")
        yield next((mark for mark in gap if unicodedata.category(mark) not in ("Ps", "Pi")), "")


def divergence(one: Counter[str], other: Counter[str]) -> float:
    """The Jensen-Shannon divergence of two distributions in bits (Lin 1991): 0 for equal ones, 1 for disjoint ones.

    >>> divergence(Counter("aabb"), Counter("ab")), divergence(Counter("a"), Counter("b"))
    (0.0, 1.0)
    """
    if not (one and other):
        return float(bool(one or other))
    keys = sorted(one.keys() | other.keys())
    p, q = (np.array([counts[key] for key in keys]) / counts.total() for counts in (one, other))  # (keys,) each
    # The entropy of the mixture less the mean entropy of the two; rounding may make it negative.
    return max(0.0, _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2)


def _entropy(shares: FloatArray) -> float:
    """The entropy in bits of a distribution `shares` (keys,)."""
    positive = shares[shares > 0]
    return float(-(positive * np.log2(positive)).sum())


def distinct(words: Sequence[str], n: int) -> float:
    """The share of the n-grams of `words` that are different (distinct-n, Li et al. 2016); 0 without any.

    >>> distinct("to be or not to be".split(), 2)
    0.8
    """
    grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return len(set(grams)) / max(1, len(grams))


def frechet_distance(one: FloatArray, other: FloatArray) -> float:
    """The squared Fréchet distance of two sets of vectors, (m, C) and (n, C), each taken for a normal distribution.

    It is |mean - mean|^2 + tr(A + B - 2 (A B)^(1/2)) with the covariances A and B (Dowson & Landau 1982; used on a
    network's features as FID by Heusel et al. 2017).
    """
    a, b = (np.atleast_2d(np.cov(vectors, rowvar=False)) for vectors in (one, other))  # (C, C) each
    # (A B)^(1/2) has the trace of (A^(1/2) B A^(1/2))^(1/2), and that product is symmetric.
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T  # (C, C)
    cross = np.sqrt(np.linalg.eigvalsh(root @ b @ root).clip(min=0)).sum()
    means = float(((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum())
    return max(0.0, means + float(np.trace(a) + np.trace(b) - 2 * cross))
