"""Spans: the passages of a text that occur in the books, verbatim or nearly so, and the books that contain them.

`find_spans` searches the text as it is, `find_near_spans` its normalised view. Both follow the same steps: find where
the longest match from each character ends, keep the matches inside no other one (`poet.attribution.matching`), look up
all their occurrences, and say which books those are in.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from poet.attribution.furniture import Furniture
from poet.attribution.index import Index, IntArray, Shard
from poet.attribution.matching import long_match_ends, match_ends_from, maximal_matches
from poet.attribution.normalise import normalise
from poet.attribution.search import QueryText, encode_query, intervals
from poet.attribution.surprise import surprise
from poet.attribution.words import Words
from poet.results.attribution import AttributedSample, Source, Span

# Occurrences looked up per batch. Bounds temporary memory to some tens of megabytes: a short passage may occur in a
# large library a million times.
OCCURRENCES_AT_ONCE = 1 << 19


def attribute_text(
    index: Index, sample: int, text: str, min_length: int, running: NDArray[np.bool_] | None = None
) -> AttributedSample:
    """The spans of the sample number `sample`, which is `text`: verbatim ones and near copies.

    `running` says which characters are running text (`poet.attribution.furniture`): (len(text),). Without it, the
    shapes of the lines decide.
    """
    if running is None:
        running = Furniture().running(text)
    return AttributedSample(
        sample=sample,
        spans=tuple(count_running_words(index, text, find_spans(index, text, min_length), running)),
        near=tuple(count_running_words(index, text, find_near_spans(index, text, min_length), running)),
    )


def count_running_words(index: Index, text: str, spans: Sequence[Span], running: NDArray[np.bool_]) -> Iterator[Span]:
    """The `spans` of `text` with the words and the surprise of their running text, `running`: (len(text),)."""
    # The stretches of running text in each span. Furniture ends at white space, so no stretch cuts a word anew.
    edges = np.flatnonzero(np.diff(running, prepend=False, append=False)).reshape(-1, 2)  # (stretches, 2)
    parts, owners = [], []
    for number, span in enumerate(spans):
        first = int(np.searchsorted(edges[:, 1], span.start, side="right"))
        last = int(np.searchsorted(edges[:, 0], span.end))
        for start, end in edges[first:last].tolist():
            parts.append((max(start, span.start), min(end, span.end)))
            owners.append(number)

    words, counts, bits = Words(text), [0.0] * len(spans), [0.0] * len(spans)
    for owner, part, value in zip(owners, parts, surprise(index, normalise(text), parts), strict=True):
        counts[owner] += words.count(*part)
        bits[owner] += value
    for span, count, value in zip(spans, counts, bits, strict=True):
        yield dataclasses.replace(span, running_words=count, running_surprise=round(value, 2))


def find_spans(index: Index, text: str, min_length: int) -> list[Span]:
    """The maximal verbatim matches of `text` with at least `min_length` characters, by start.

    Sources are in the order of the collection; but the first source of the span before comes first again if it contains
    this passage too.
    """
    query = encode_query(text)
    matches = maximal_matches(long_match_ends(index.exact, query, min_length), min_length)  # (matches, 2) characters
    if not len(matches):
        return []
    sources = _find_sources(index, index.exact, query, matches)
    return _make_spans(matches, sources, surprise(index, normalise(text), matches.tolist()), exact=True)


def find_near_spans(index: Index, text: str, min_length: int) -> list[Span]:
    """The maximal matches of the normalised `text` in the normalised books, by start; without those that are exact.

    `min_length` counts normalised characters. Sources are ordered as in `find_spans`.
    """
    view = normalise(text)
    # An original character may become several, as ß becomes ss. A match contains all of them or none, so it begins and
    # ends only where the next original character begins.
    edges = np.flatnonzero(np.diff(view.origin, prepend=-1) > 0)  # (edges,) numbers of normalised characters
    query = encode_query(view.text)
    query = dataclasses.replace(query, boundaries=query.boundaries[edges])

    # Matches are counted in edges. Where an edge may stand for several characters, fewer edges can be long enough.
    min_edges = min_length if len(edges) == len(view.origin) else 1
    matches = maximal_matches(long_match_ends(index.normalised, query, min_edges), min_edges)  # (matches, 2) edges
    matches = matches[edges[matches[:, 1]] - edges[matches[:, 0]] >= min_length]

    places = view.origin[edges]  # (edges,) characters of `text`
    matches = matches[_add_to_exact_matches(index, text, places[matches])]
    if not len(matches):
        return []
    sources = _find_sources(index, index.normalised, query, matches)
    return _make_spans(places[matches], sources, surprise(index, view, places[matches].tolist()), exact=False)


def _add_to_exact_matches(index: Index, text: str, places: IntArray) -> NDArray[np.bool_]:
    """Whether each near copy covers some non-blank text that the exact match at the same place does not: (places,).

    `places` are the near copies, (start, end) in `text`: (places, 2), by start.
    """
    # White space at the edges does not make a passage a near copy, so compare without it.
    stripped = []
    for start, end in places.tolist():
        passage = text[start:end]
        stripped.append((start + len(passage) - len(passage.lstrip()), start + len(passage.rstrip())))
    first, last = np.array(stripped, dtype=np.int64).reshape(-1, 2).T  # (places, 2) -> two arrays (places,)
    first = np.minimum(first, last)  # equal where the passage is nothing but white space

    # An exact match from the first non-blank character up to the last one, or further, contains the near copy.
    exact_ends = match_ends_from(index.exact, encode_query(text), first)
    return (first < last) & (exact_ends < last)


def _make_spans(places: IntArray, sources: Sequence[list[Source]], bits: Sequence[float], *, exact: bool) -> list[Span]:
    """A span for each of `places`, (spans, 2) in characters of the text, with its sources and its surprise."""
    spans: list[Span] = []
    for (start, end), books, value in zip(places.tolist(), sources, bits, strict=True):
        ordered = books
        if spans:
            # Neighbouring passages that one book contains are shown as from that book. The sort is stable: the other
            # books keep their order.
            before = spans[-1].sources[0].book
            ordered = sorted(books, key=lambda source: source.book != before)
        spans.append(Span(start=start, end=end, exact=exact, surprise=value, sources=tuple(ordered)))
    return spans


def _find_sources(index: Index, shards: Sequence[Shard], query: QueryText, matches: IntArray) -> list[list[Source]]:
    """For each of `matches`, (matches, 2) numbers of boundaries, the books that contain it, in the index's order."""
    starts, ends = query.boundaries[matches].T  # (matches, 2) -> two arrays (matches,), in bytes
    found: list[list[Source]] = [[] for _ in matches]
    for shard in shards:  # in the order of their books
        low, high = intervals(shard, query, starts, ends - starts)
        # A new batch starts where the occurrences of all passages so far pass a multiple of the limit.
        batch_numbers = np.cumsum(high - low) // OCCURRENCES_AT_ONCE
        batch_starts = np.diff(batch_numbers).nonzero()[0] + 1
        for batch in np.split(np.arange(len(matches)), batch_starts):
            in_shard = sources_in(shard, index.books, low[batch], high[batch], (ends - starts)[batch])
            for number, source in in_shard:
                found[batch[number]].append(source)
    return found


def sources_in(
    shard: Shard, names: Sequence[str], low: IntArray, high: IntArray, lengths: IntArray
) -> Iterator[tuple[int, Source]]:
    """The books of `shard` that contain some passages: (number of the passage, source), in the order of the books.

    The passages have `lengths` bytes, and their occurrences the ranks [low, high): (passages,) each.
    """
    # One row per occurrence: the number of its passage, its rank, its position.
    counts = high - low
    passages = np.repeat(np.arange(len(counts)), counts)  # (occurrences,)
    rows_before = np.cumsum(counts) - counts  # (passages,) rows of earlier passages
    ranks = np.arange(counts.sum()) + np.repeat(low - rows_before, counts)
    positions = shard.suffixes[ranks].astype(np.int64)
    # The book of a position is the last one that starts at or before it.
    books = np.searchsorted(shard.starts, positions, side="right") - 1

    # Sort by passage, then by position, and so by book. Then the first row of each passage and book is the first
    # occurrence, and the number of rows up to the next such row is the count.
    order = np.lexsort((positions, passages))
    passages, books, positions = passages[order], books[order], positions[order]
    first = np.flatnonzero(np.diff(passages * len(shard.books) + books, prepend=-1))
    counts = np.diff(np.append(first, len(passages)))
    passages, books, positions = passages[first], books[first], positions[first]

    # Bytes of the shard -> characters of the book, for both ends at once: two arrays (rows,) -> (2, rows).
    begins, ends = shard.characters_at(np.stack((positions, positions + lengths[passages])))
    rows = np.stack((passages, shard.books[books], begins, ends, counts), axis=1).tolist()  # five (rows,) -> (rows, 5)
    for passage, book, begin, end, count in rows:
        yield passage, Source(book=names[book], start=begin, end=end, count=count)
