"""Books that share much of their text: two editions of one work, or a volume and a part of it.

Training on both doubles the weight of what they share, and most of what a model then copies comes from there. Each book
is represented by a sketch: of all runs of eight words, those whose hash is below a bound. The share of one sketch that
is also in another estimates the shared part of the texts (FracMinHash, Irber et al. 2022; the runs of words are the
shingles of Broder 1997). Comparing sketches takes a fraction of the time and memory of comparing texts.
"""

import dataclasses
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Words in a shingle. Shorter ones are common phrases that unrelated books share; longer ones miss revised editions.
SHINGLE_WORDS = 8

# One shingle of this many is kept: a novel of 100,000 words has a sketch of about 3,000 hashes.
SCALE = 32

# Only hashes below this are kept. The bound depends on the hash alone: the same shingle is kept in every book, or none.
BOUND = np.uint64(2**64 // SCALE)

# All hashes of a text with at most this many shingles (a dozen pages) are kept, so that it is compared whole.
COMPLETE_SHINGLES = 4_096

# The share of the smaller book from which two books are reported. Unrelated novels share less than 0.001.
MIN_OVERLAP = 0.2

# The least number of common hashes of two texts of which one is not compared whole. A common line of verse has a few
# shingles, of which one may be kept by chance; more than three come from a common passage.
MIN_COMMON = 4

# A shingle that more books share than this is counted against the largest of them only, so that the time grows with the
# number of hashes and not with the number of pairs.
MAX_PARTNERS = 16

# An odd multiplier spreads the hashes of words over 64 bits (Knuth's multiplicative hashing: 2^64 / golden ratio).
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


# Without `eq`: two arrays do not compare to one truth value.
@dataclass(frozen=True, kw_only=True, eq=False)
class Sketch:
    """The kept `hashes` of a text, shape (n,), sorted and distinct; `characters` is the length of the text.

    `complete`: the hashes of all shingles are kept, because the text is short.
    """

    characters: int
    hashes: NDArray[np.uint64]
    complete: bool = False


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A `share` (0 to 1) of the text of `book`, the smaller of two, also occurs in `other`; both are ids.

    A share of 1 means that all compared words occur there; a share just below 1 is rounded down, never up to 1.
    """

    book: str
    other: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A `share` (0 to 1) of the text of `book` that is not trained on occurs in what is trained on of `other`."""

    book: str
    other: str
    share: float

    def to_json(self) -> dict[str, Any]:
        """The leak as a row of the tokens' meta.json."""
        return dataclasses.asdict(self)


def sketch(text: str) -> Sketch:
    """The sketch of `text`. Spelling makes a difference; case, punctuation and line breaks do not.

    >>> len(sketch("Seven words are fewer than a shingle.").hashes)
    1
    """
    shingles = np.unique(_shingles(text))
    complete = len(shingles) <= COMPLETE_SHINGLES
    # `shingles` is sorted, so that those below the bound come first.
    hashes = shingles if complete else shingles[: np.searchsorted(shingles, BOUND)].copy()
    return Sketch(characters=len(text), hashes=hashes, complete=complete)


def _shingles(text: str) -> NDArray[np.uint64]:
    """The hashes of all runs of SHINGLE_WORDS words in `text`, in order, shape (n,); of fewer words, one for all."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold())
    width = min(SHINGLE_WORDS, len(words))
    # (W,): one hash of 32 bits per word.
    hashes = np.fromiter((zlib.crc32(word.encode("utf-8")) for word in words), dtype=np.uint64, count=len(words))
    # (W,) -> (W - 7,): one hash per shingle. Step i mixes in the i-th word of all shingles at once, so that their order
    # counts. The product wraps around: arithmetic modulo 2^64.
    shingles = np.zeros(len(words) - width + 1 if words else 0, dtype=np.uint64)
    for i in range(width):
        shingles = (shingles ^ hashes[i : i + len(shingles)]) * MULTIPLIER
        # A product carries only upward; the shift brings the high bits back to the low ones.
        shingles ^= shingles >> np.uint64(29)
    return shingles


def is_within(text: str, other: str) -> bool:
    """Whether every run of eight words of `text` also occurs in `other`: compared whole, not by sketches.

    >>> is_within("To be, or not to be: that is the question", "Hamlet. To be or not to be -- that is the question!")
    True
    """
    return bool(np.isin(_shingles(text), _shingles(other)).all())


def find_overlaps(sketches: Mapping[str, Sketch]) -> list[Overlap]:
    """The pairs of books that share at least MIN_OVERLAP of the smaller one; `sketches` is by id.

    Of two books of one length, the later counts as the smaller.
    """
    books = list(sketches)
    # The largest first, so that in what follows the larger of two books has the lower rank.
    ranked = sorted(books, key=lambda book: -sketches[book].characters)
    found = []
    for low, high, kept, every in _count_common([sketches[book].hashes for book in ranked]):
        large, small = sketches[ranked[low]], sketches[ranked[high]]
        common, total = _comparable(small, large, kept, every)
        enough = 1 if small.complete and large.complete else MIN_COMMON
        if common >= max(enough, MIN_OVERLAP * total):
            found.append(Overlap(book=ranked[high], other=ranked[low], share=_share(common, total)))
    # In the order of the books, whichever of two is the smaller.
    place = {book: i for i, book in enumerate(books)}
    return sorted(found, key=lambda each: sorted((place[each.book], place[each.other])))


def find_leaks(parts: Iterable[tuple[str, str, str]]) -> list[Leak]:
    """What is not trained on and yet occurs in the training text of another book, whatever its share.

    `parts` are triples of an id, the text that is trained on, and the text of the same book that is not.
    """
    ids: list[str] = []
    trained: list[Sketch] = []
    unseen: list[Sketch] = []
    for each, training, rest in parts:
        ids.append(each)
        trained.append(sketch(training))
        unseen.append(sketch(rest))
    # All parts in one count: training text first, so that it has the lower rank of a pair.
    leaks: list[Leak] = []
    for low, high, kept, every in _count_common([part.hashes for part in trained + unseen]):
        # Pairs of training parts, pairs of unseen parts, and the two parts of one book are no leak.
        other, book = low, high - len(ids)
        if other >= len(ids) or book < 0 or other == book:
            continue
        common, total = _comparable(unseen[book], trained[other], kept, every)
        enough = SHINGLE_WORDS if unseen[book].complete and trained[other].complete else MIN_COMMON
        if common >= min(enough, total):
            leaks.append(Leak(book=ids[book], other=ids[other], share=_share(common, total)))
    return sorted(leaks, key=lambda leak: -leak.share)


def _comparable(part: Sketch, other: Sketch, kept: int, every: int) -> tuple[int, int]:
    """How many hashes of `part` are also in `other`, and how many were compared.

    The two share `kept` hashes below BOUND and `every` hash in all. A text that is not compared whole has no hash above
    BOUND to share.
    """
    if part.complete and other.complete:
        return every, len(part.hashes)
    return kept, int(np.searchsorted(part.hashes, BOUND))


def _share(common: int, total: int) -> float:
    """`common` / `total` with three digits; 1 only if they are equal.

    >>> _share(9999, 10_000), _share(3, 3)
    (0.999, 1.0)
    """
    return 1.0 if common == total else min(round(common / total, 3), 0.999)


def _count_common(hashes: Sequence[NDArray[np.uint64]]) -> Iterator[tuple[int, int, int, int]]:
    """For each pair of arrays with a hash in common: their ranks, lower first, and how many they share: those below
    BOUND, and all.

    An inverted index: sorting all pairs of hash and book puts the books of each hash side by side.
    """
    sizes = [len(each) for each in hashes]
    if not sum(sizes):
        return
    # (n,): each hash, and the rank of its book. The sort is stable, so that books of one hash stay in their order.
    values = np.concatenate(hashes)
    ranks = np.repeat(np.arange(len(hashes)), sizes)
    order = np.argsort(values, kind="stable")
    values, ranks = values[order], ranks[order]
    # (n,): where the group of equal hashes begins, and the place of each book in its group.
    begins = np.searchsorted(values, values, side="left")
    places = np.arange(len(values)) - begins
    pairs, below = [], []
    for partner in range(min(MAX_PARTNERS, int(places.max()))):
        later = np.flatnonzero(places > partner)
        pairs.append(ranks[begins[later] + partner] * len(hashes) + ranks[later])
        below.append(values[later] < BOUND)
    if not pairs:
        return
    codes, inverse, counts = np.unique(np.concatenate(pairs), return_inverse=True, return_counts=True)
    kept = np.bincount(inverse, weights=np.concatenate(below)).astype(int)
    for code, common_kept, common in zip(codes.tolist(), kept.tolist(), counts.tolist(), strict=True):
        low, high = divmod(code, len(hashes))
        yield low, high, common_kept, common
