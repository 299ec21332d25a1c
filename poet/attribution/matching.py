"""All maximal verbatim matches of a text in the indexed books.

For every start in the text, the longest passage of the books that begins there (the matching statistics); a match
counts when it is long enough and not inside another one. All starts are searched at once: each step of the binary
search over the suffix array is one NumPy operation on as many rows as there are starts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import Index

# Bytes compared at once; a uint64 in big-endian order compares like the bytes themselves.
WORD = 8


@dataclass(frozen=True, kw_only=True)
class Source:
    """A book that holds a passage: how often, and the character at which it first does."""

    book: str
    start: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Span:
    """`text[start:end]` (characters) stands verbatim in every one of `sources`; `shared` when they are several
    books.
    """

    start: int
    end: int
    shared: bool
    sources: tuple[Source, ...]


def find_spans(index: Index, text: str, min_length: int) -> list[Span]:
    """The maximal matches of `text` with at least `min_length` characters, by start.

    Sources come in the order of the collection, the book of the span before first where it is among them.
    """
    matches = maximal_matches(index, text, min_length)
    content = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    boundaries = character_boundaries(content)
    spans: list[Span] = []
    for start, end in matches:
        sources = _sources(index, content[boundaries[start] : boundaries[end]])
        if spans:
            sources.sort(
                key=lambda source: source.book != spans[-1].sources[0].book
            )  # stable: the rest keeps its order
        spans.append(Span(start=start, end=end, shared=len(sources) > 1, sources=tuple(sources)))
    return spans


def maximal_matches(index: Index, text: str, min_length: int) -> list[tuple[int, int]]:
    """(start, end) in characters of every match that has `min_length` characters and lies in no other match."""
    content = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    if not len(content):
        return []
    boundaries = character_boundaries(content)
    ends_in_bytes = boundaries[:-1] + longest_matches(index, content, boundaries[:-1])
    # Back to the last whole character inside each match.
    ends = np.searchsorted(boundaries, ends_in_bytes, side="right") - 1
    starts = np.arange(len(ends))
    furthest_before = np.maximum.accumulate(np.concatenate(([0], ends[:-1])))
    keep = (ends - starts >= min_length) & (ends > furthest_before)
    return [(int(start), int(end)) for start, end in zip(starts[keep], ends[keep], strict=True)]


def character_boundaries(content: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The byte at which each character of the UTF-8 `content` begins, and the length at the end: (characters + 1,)."""
    return np.append(np.flatnonzero((content & 0xC0) != 0x80), len(content))


def longest_matches(index: Index, content: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of `starts` in `content`, the length in bytes of the longest prefix from there that the books hold."""
    place = _insertion_points(index, content, starts)
    below, above = np.maximum(place - 1, 0), np.minimum(place, len(index.suffixes) - 1)
    return np.maximum(_common_length(index, content, starts, below), _common_length(index, content, starts, above))


def _insertion_points(index: Index, content: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many suffixes are smaller than the suffix of `content` at each of `starts`."""
    low = np.zeros(len(starts), dtype=np.int64)
    high = np.full(len(starts), len(index.suffixes), dtype=np.int64)
    while (open_ := np.flatnonzero(low < high)).size:
        middle = (low[open_] + high[open_]) // 2
        smaller = _suffix_is_smaller(index, middle, content, starts[open_])
        low[open_] = np.where(smaller, middle + 1, low[open_])
        high[open_] = np.where(smaller, high[open_], middle)
    return low


def _suffix_is_smaller(
    index: Index, ranks: NDArray[np.int64], content: NDArray[np.uint8], starts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether the suffix of each of `ranks` sorts before the suffix of `content` at each of `starts`."""
    length = _common_length(index, content, starts, ranks)
    positions = index.suffixes[ranks] + length
    book_ends, text_ends = positions >= len(index.text), starts + length >= len(content)
    book_byte = np.where(book_ends, -1, index.text[np.minimum(positions, len(index.text) - 1)].astype(np.int64))
    text_byte = np.where(text_ends, -1, content[np.minimum(starts + length, len(content) - 1)].astype(np.int64))
    return book_byte < text_byte


def _common_length(
    index: Index, content: NDArray[np.uint8], starts: NDArray[np.int64], ranks: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Length of the common prefix of `content` at each of `starts` and the suffix of each of `ranks`, in bytes."""
    length = np.zeros(len(starts), dtype=np.int64)
    positions = index.suffixes[ranks].astype(np.int64)
    limit = np.minimum(len(content) - starts, len(index.text) - positions)
    alive = np.arange(len(starts))
    while alive.size:
        offsets = length[alive, None] + np.arange(WORD)  # (alive, WORD)
        ours = content[np.minimum(starts[alive, None] + offsets, len(content) - 1)]
        theirs = index.text[np.minimum(positions[alive, None] + offsets, len(index.text) - 1)]
        differs = (ours != theirs) | (offsets >= limit[alive, None])
        first = np.where(differs.any(axis=1), differs.argmax(axis=1), WORD)
        length[alive] += first
        alive = alive[first == WORD]
    return length


def _sources(index: Index, passage: NDArray[np.uint8]) -> list[Source]:
    """Every book that holds the bytes `passage`, in the order of the collection."""
    low = _bound(index, passage, upper=False)
    high = _bound(index, passage, upper=True)
    positions = np.sort(index.suffixes[low:high].astype(np.int64))
    books = np.searchsorted(index.starts, positions, side="right") - 1
    found = []
    for book in np.unique(books):
        here = positions[books == book]
        found.append(Source(book=index.books[book], start=index.place(int(here[0]))[1], count=len(here)))
    return found


def _bound(index: Index, passage: NDArray[np.uint8], *, upper: bool) -> int:
    """The first rank whose suffix is not smaller than `passage` or, for the upper bound, does not begin with it
    either.
    """
    wanted = passage.tobytes()
    low, high = 0, len(index.suffixes)
    while low < high:
        middle = (low + high) // 2
        position = int(index.suffixes[middle])
        prefix = index.text[position : position + len(wanted)].tobytes()
        if prefix < wanted or (upper and prefix == wanted):
            low = middle + 1
        else:
            high = middle
    return low
