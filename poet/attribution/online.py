"""Spans of a text while it is being written: after every piece of it, those that `find_spans` finds in the text so far.

`find_spans` searches a text that is complete, all its characters at once. Here the text grows by a few characters at a
time. Two facts keep the searches few, about one for every `STEP` characters:

- While the end of the text is inside no passage of `min_length`, such a passage can only begin with a window of
  `min_length` characters that ends in the new piece. All these windows contain the same characters, `min_length` less
  the length of the piece. If no book has those, nothing is there.
- While the end is inside a passage, one search tells whether the passage goes on through the whole piece.
"""

import dataclasses

import numpy as np

from poet.attribution.index import Index
from poet.attribution.spans import sources_in
from poet.results.attribution import Source

# The characters that are searched together outside a passage, as a share of `min_length` (1 / STEP). With more, the
# characters that all windows share become few, and books have them.
STEP = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnlineSpan:
    """A passage `text[start:end]` of the written text and its sources, as in `poet.results.attribution.Span`."""

    start: int
    end: int
    sources: tuple[Source, ...]


class OnlineSpans:
    """The verbatim passages with at least `min_length` characters of a text that grows."""

    def __init__(self, index: Index, min_length: int) -> None:
        self.index, self.min_length = index, max(1, min_length)
        self.spans: tuple[OnlineSpan, ...] = ()
        self._step = max(1, self.min_length // STEP)
        self._bytes = bytearray()
        self._boundaries = [0]  # the byte at which each character begins, and the end
        self._searched = 0  # characters up to here are done
        # Where the passage begins that reaches up to `_searched`. None where none does.
        self._start: int | None = None
        self._ranks: list[tuple[int, int]] = []  # of the last span, in each shard
        self._closed: tuple[OnlineSpan, ...] = ()

    def take(self, text: str, *, last: bool = False) -> bool:
        """Add `text` at the end; whether `spans` changed. `last`: nothing follows, so nothing waits to be searched."""
        before = self.spans
        for character in text:
            self._bytes += character.encode("utf-8", "surrogatepass")
            self._boundaries.append(len(self._bytes))
        length = len(self._boundaries) - 1
        while self._searched < length:
            if self._start is not None:
                self._follow(self._start, length)
            elif last or length - self._searched >= self._step:
                self._look(min(length, self._searched + self._step))
            else:
                break
        return self.spans is not before

    def _passage(self, start: int, end: int) -> bytes:
        return bytes(self._bytes[self._boundaries[start] : self._boundaries[end]])

    def _occurs(self, start: int, end: int) -> bool:
        passage = self._passage(start, end)
        return any(shard.contains(passage) for shard in self.index.exact)

    def _look(self, end: int) -> None:
        """Search up to `end` for the first passage; none reaches up to the characters before."""
        first = max(self._searched + 1, self.min_length)  # where the first new window ends
        # All new windows contain the characters from where the last one begins to where the first one ends.
        core = max(0, end - self.min_length)
        if first <= end and self._occurs(core, first):
            for window_end in range(first, end + 1):
                if self._occurs(window_end - self.min_length, window_end):
                    # The window one character before occurs nowhere, so no passage begins further left.
                    self._open(window_end - self.min_length, window_end)
                    return
        self._searched = end

    def _follow(self, start: int, length: int) -> None:
        """Let the passage from `start` go on up to `length`, or close it where it ends."""
        if self._occurs(start, length):
            self._open(start, length)
            return
        end = self._searched
        while self._occurs(start, end + 1):
            end += 1
        if end > self._searched:
            self._open(start, end)
        self._closed, self._start = self.spans, None
        self._searched = end + 1
        # Does a passage begin further right and contain the next character? Find the leftmost: shorter ones occur if
        # longer ones do.
        least, most = start + 1, end + 1 - self.min_length
        if not self._occurs(most, end + 1):
            return
        while least < most:
            middle = (least + most) // 2
            if self._occurs(middle, end + 1):
                most = middle
            else:
                least = middle + 1
        self._open(most, end + 1)

    def _open(self, start: int, end: int) -> None:
        """The passage [start, end) is the one at the end of the searched text."""
        passage = self._passage(start, end)
        ranks = [shard.interval(passage) for shard in self.index.exact]
        counts = [high - low for low, high in ranks]
        open_span = self.spans[-1] if self._start == start else None
        if open_span and counts == [high - low for low, high in self._ranks]:
            # As often as before it grew, so in the same places.
            longer = end - open_span.end
            sources = tuple(dataclasses.replace(source, end=source.end + longer) for source in open_span.sources)
        else:
            sources = self._sources(ranks, len(passage))
        self._start, self._searched, self._ranks = start, end, ranks
        self.spans = (*self._closed, OnlineSpan(start=start, end=end, sources=sources))

    def _sources(self, ranks: list[tuple[int, int]], size: int) -> tuple[Source, ...]:
        """The books of a passage of `size` bytes with these `ranks` in each shard, in the order of `find_spans`."""
        found = [
            source
            for shard, (low, high) in zip(self.index.exact, ranks, strict=True)
            if low < high
            for _, source in sources_in(shard, self.index.books, *(np.array([n]) for n in (low, high, size)))
        ]
        if self._closed:
            before = self._closed[-1].sources[0].book
            found.sort(key=lambda source: source.book != before)
        return tuple(found)
