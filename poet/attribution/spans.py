"""All maximal verbatim matches of a text in the indexed books, and the books they stand in.

For every start in the text, the longest passage of the books that begins there (the matching statistics); a match
counts when it is long enough and not inside another one. A match of the normalised views (see `normalising`) counts as
a near copy where it holds more than white space that no exact match around it holds.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import Index, Shard
from poet.attribution.normalise import Normalised, normalise
from poet.attribution.search import Numbers, Query, intervals, longest, query_of
from poet.attribution.surprise import surprise

# Parts into which a stretch of starts is divided at once: few searches of many starts take less than many of few.
BRANCHES = 512
# Occurrences whose books are told at once: some tens of megabytes.
OCCURRENCES = 1 << 19


@dataclass(frozen=True, kw_only=True)
class Source:
    """A book that holds a passage: how often, and the characters [start, end) at which it first does."""

    book: str
    start: int
    end: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Span:
    """`text[start:end]` (characters) stands in every one of `sources`; `shared` when they are several books.

    It stands there verbatim if `exact`, else up to what normalising evens out. `surprise` ranks spans: bits, see there.
    """

    start: int
    end: int
    exact: bool
    shared: bool
    surprise: float
    sources: tuple[Source, ...]


def attribution_row(index: Index, sample: int, text: str, min_length: int) -> dict[str, Any]:
    """A row of attribution.jsonl: the verbatim `spans` of the `sample` called `text`, and under `near` its near
    copies.
    """
    exact, near = find_spans(index, text, min_length), find_near_spans(index, text, min_length)
    return {"sample": sample, "spans": list(map(asdict, exact)), "near": list(map(asdict, near))}


def find_spans(index: Index, text: str, min_length: int) -> list[Span]:
    """The maximal verbatim matches of `text` with at least `min_length` characters, by start.

    Sources come in the order of the collection, the book of the span before first where it is among them.
    """
    query = query_of(text)
    boundaries = character_boundaries(query.content)
    matches = maximal(_long_reaches(index.exact, query, boundaries, min_length), min_length)
    if not len(matches):
        return []
    return _spans(index, index.exact, query, boundaries[matches], matches, normalise(text), exact=True)


def find_near_spans(index: Index, text: str, min_length: int) -> list[Span]:
    """The maximal matches of the normalised `text` in the normalised books, by start, but for those that an exact match
    covers; `min_length` counts normalised characters.
    """
    view = normalise(text)
    query = query_of(view.text)
    # A character that becomes several, as ß does, is matched whole or not at all.
    wholes = np.flatnonzero(np.diff(view.origin, prepend=-1) > 0)  # (original characters or groups + 1,)
    boundaries = character_boundaries(query.content)[wholes]
    places = view.origin[wholes]
    # Fewer characters are enough where one of them may become several.
    shortest = min_length if len(wholes) == len(view.origin) else 1
    matches = maximal(_long_reaches(index.normalised, query, boundaries, shortest), shortest)
    matches = matches[wholes[matches[:, 1]] - wholes[matches[:, 0]] >= min_length]
    matches = matches[_is_news(index, text, places[matches])]
    if not len(matches):
        return []
    return _spans(index, index.normalised, query, boundaries[matches], places[matches], view, exact=False)


def _is_news(index: Index, text: str, places: Numbers) -> NDArray[np.bool_]:
    """For each of `places` (start, end), whether it holds more than white space that no exact match around it holds."""
    stripped = []
    for start, end in places.tolist():
        passage = text[start:end]
        stripped.append((start + len(passage) - len(passage.lstrip()), start + len(passage.rstrip())))
    first, last = np.array(stripped, dtype=np.int64).reshape(-1, 2).T
    first = np.minimum(first, last)  # nothing but white space
    query = query_of(text)
    reaches = _reaches(index.exact, query, character_boundaries(query.content), np.minimum(first, len(text) - 1))
    return (first < last) & (reaches < last)


def match_reaches(index: Index, text: str) -> Numbers:
    """For each character of `text`, the character behind the longest verbatim match that begins there: (len(text),)."""
    query = query_of(text)
    boundaries = character_boundaries(query.content)
    return _reaches(index.exact, query, boundaries, np.arange(len(boundaries) - 1))


def maximal(reaches: Numbers, min_length: int) -> Numbers:
    """The (start, end) of the matches [i, reaches[i]) that have `min_length` and lie in no other one: (matches, 2).

    >>> maximal(np.array([3, 3, 5, 3, 4]), 1).tolist()
    [[0, 3], [2, 5]]
    """
    starts = np.arange(len(reaches))
    furthest_before = np.maximum.accumulate(np.concatenate(([0], reaches[:-1]))) if len(reaches) else reaches
    kept = (reaches - starts >= min_length) & (reaches > furthest_before)
    return np.stack((starts[kept], reaches[kept]), axis=1)


def character_boundaries(content: NDArray[np.uint8]) -> Numbers:
    """The byte at which each character of the UTF-8 `content` begins, and the length at the end: (characters + 1,)."""
    return np.append(np.flatnonzero((content & 0xC0) != 0x80), len(content))


def _long_reaches(shards: Sequence[Shard], query: Query, boundaries: Numbers, min_length: int) -> Numbers:
    """As `_reaches` for every start but, to save most of the work, the start itself where no match from there has
    `min_length`.

    Every passage so long holds a whole window of those that begin at each `step`-th character, and most windows are in
    no book.
    """
    step = max(1, min_length // 4)
    grid = np.arange(0, len(boundaries) - 1, step)
    at_grid = _reaches(shards, query, boundaries, grid)
    found = at_grid - grid >= min_length - step + 1
    reaches = np.arange(len(boundaries) - 1)
    reaches[grid[found]] = at_grid[found]
    # The starts whose first window is the one at grid point g are g - step + 1 .. g. Where the point before reaches as
    # far, so do all between.
    found &= np.diff(at_grid, prepend=-1) > 0
    rows = (grid[found][:, None] - np.arange(step - 1, 0, -1)).ravel()
    rows = rows[rows >= 0]
    reaches[rows] = _reaches(shards, query, boundaries, rows)
    return reaches


def _reaches(shards: Sequence[Shard], query: Query, boundaries: Numbers, rows: Numbers) -> Numbers:
    """The number of the last boundary that a match from each of the boundaries `rows`, ascending, reaches."""

    def ends(asked: Numbers) -> Numbers:
        starts = boundaries[rows[asked]]
        lengths = np.zeros(len(starts), dtype=np.int64)
        for shard in shards:
            np.maximum(lengths, longest(shard, query, starts), out=lengths)
        return starts + lengths

    # A match that ends inside a character ends before it.
    return boundaries.searchsorted(rising(ends, len(rows)), side="right") - 1


def rising(value: Callable[[Numbers], Numbers], count: int, branches: int = BRANCHES) -> Numbers:
    """`value` of 0 to `count` - 1, which never falls and is not negative, asked for few of them: where two are equal,
    so are all between. Else a text that is all copied would take the square of its length.

    >>> rising(lambda numbers: numbers // 5, 12, branches=2).tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2]
    """
    least, most = np.zeros(count, dtype=np.int64), np.full(count, np.iinfo(np.int64).max)
    stride = 1
    while stride * branches < count:
        stride *= branches
    while stride:
        asked = np.arange(0, count, stride)
        asked = asked[least[asked] < most[asked]]
        least[asked] = most[asked] = value(asked)
        least, most = np.maximum.accumulate(least), np.minimum.accumulate(most[::-1])[::-1]
        stride //= branches
    return least


def _spans(
    index: Index,
    shards: Sequence[Shard],
    query: Query,
    passages: Numbers,
    places: Numbers,
    view: Normalised,
    *,
    exact: bool,
) -> list[Span]:
    """The spans at `places` (spans, 2), characters of the text, whose bytes in `query` are `passages` (spans, 2)."""
    found = _sources(index, shards, query, passages)
    bits = surprise(index, view, places.tolist())
    spans: list[Span] = []
    for (start, end), sources, value in zip(places.tolist(), found, bits, strict=True):
        if spans:
            before = spans[-1].sources[0].book
            sources.sort(key=lambda source: source.book != before)  # stable: the rest keeps its order
        spans.append(
            Span(
                start=start,
                end=end,
                exact=exact,
                shared=len(sources) > 1,
                surprise=value,
                sources=tuple(sources),
            )
        )
    return spans


def _sources(index: Index, shards: Sequence[Shard], query: Query, passages: Numbers) -> list[list[Source]]:
    """For each of `passages`, (start, end) in bytes, every book that holds it, in the order of the collection."""
    found: list[list[Source]] = [[] for _ in passages]
    lengths = passages[:, 1] - passages[:, 0]
    for shard in shards:  # their books ascend
        low, high = intervals(shard, query, passages[:, 0], lengths)
        # As many passages at once as have so many occurrences together.
        turns = np.cumsum(high - low) // OCCURRENCES
        for some in np.split(np.arange(len(passages)), np.diff(turns).nonzero()[0] + 1):
            _add_sources(index, shard, some, low[some], high[some], lengths, found)
    return found


def _add_sources(
    index: Index,
    shard: Shard,
    numbers: Numbers,
    low: Numbers,
    high: Numbers,
    lengths: Numbers,
    found: list[list[Source]],
) -> None:
    """Append to `found` the books of `shard` that hold the passages `numbers`, which stand at the ranks [low, high)."""
    sizes = high - low
    passage = np.repeat(numbers, sizes)
    ranks = np.arange(sizes.sum()) + np.repeat(low - np.cumsum(sizes) + sizes, sizes)
    positions = shard.suffixes[ranks].astype(np.int64)
    book = np.searchsorted(shard.starts, positions, side="right") - 1
    # By passage, then by place, and so by book; of each book the first place.
    order = np.lexsort((positions, passage))
    passage, book, positions = passage[order], book[order], positions[order]
    first = np.flatnonzero(np.diff(passage * len(shard.books) + book, prepend=-1))
    counts = np.diff(np.append(first, len(passage)))
    passage, positions = passage[first], positions[first]
    starts, ends = shard.characters_at(np.stack((positions, positions + lengths[passage])))
    names = shard.books[book[first]]
    for number, *source in np.stack((passage, names, starts, ends, counts), axis=1).tolist():
        name, start, end, count = source
        found[number].append(Source(book=index.books[name], start=start, end=end, count=count))
