"""From overlapping spans to consecutive pieces of text. This module makes data; HTML is the templates' part.

Readers see words. So a span is shown from its first complete word to its last one, and every span has one tint in one
piece. The spans of attribution.jsonl keep their exact places.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field

from poet.attribution.words import Words
from poet.results.attribution import Span

# A tint has at least this many words: one word is found in some book whatever it is.
LEAST_WORDS = 2


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text, and the index of the span that it shows; None for text outside all tints."""

    text: str
    span: int | None


@dataclass(kw_only=True)
class Tint:
    """The characters [start, end) of a text, which show the span number `span`.

    `inside` are the numbers of the spans that have no tint of their own, because longer ones cover them; each belongs
    to the tint that covers most of it.
    """

    span: int
    start: int
    end: int
    inside: list[int] = field(default_factory=list)


def lay_out(text: str, spans: Sequence[Span], before: str = "") -> list[Tint]:
    """The tints of `text`, by start. They do not overlap, cut no word, and have at least LEAST_WORDS each.

    Spans of more words come first; of two with as many a verbatim one, then the longer. A span that others cover in
    part has its tint on its longest free stretch. `before` is the text that `text` follows: the two may share a word.

    >>> def span(start: int, end: int) -> Span:
    ...     return Span(start=start, end=end, exact=True, surprise=0.0, sources=())
    >>> [(tint.span, tint.start, tint.end) for tint in lay_out("to be or not to be", [span(0, 8), span(7, 18)])]
    [(0, 0, 8), (1, 9, 18)]
    """
    words, shift = Words(before + text), len(before)

    def shown(start: int, end: int) -> tuple[int, int] | None:
        """The complete words of [start, end); None if they are too few."""
        first, last = words.snap(start + shift, end + shift)
        return (first - shift, last - shift) if words.count(first, last) >= LEAST_WORDS else None

    snapped = [shown(span.start, span.end) for span in spans]
    places = {number: place for number, place in enumerate(snapped) if place}
    within = {number: words.between(start + shift, end + shift) for number, (start, end) in places.items()}

    # Without overlaps, the tints are in the same order by start and by end.
    tints: list[Tint] = []
    for number in sorted(places, key=lambda i: (-len(within[i]), not spans[i].exact, -spans[i].length, i)):
        start, end = places[number]
        first = bisect.bisect_right(tints, start, key=lambda tint: tint.end)
        behind = bisect.bisect_left(tints, end, key=lambda tint: tint.start)
        covering = tints[first:behind]
        # The stretches before, between and after the tints that are there already.
        edges = [start, *(edge for tint in covering for edge in (tint.start, tint.end)), end]
        free = [shown(*stretch) for stretch in zip(edges[::2], edges[1::2], strict=True) if stretch[0] < stretch[1]]
        if best := max(filter(None, free), key=lambda stretch: stretch[1] - stretch[0], default=None):
            bisect.insort(tints, Tint(span=number, start=best[0], end=best[1]), key=lambda tint: tint.start)
        elif covering:
            host = max(covering, key=lambda tint: min(end, tint.end) - max(start, tint.start))
            # A near copy often has the same words as the verbatim match, and says nothing new.
            if within[host.span] != within[number]:
                bisect.insort(host.inside, number)
    return tints


def cut_at_spans(text: str, spans: Sequence[Span], before: str = "") -> list[Piece]:
    """Cut `text` into pieces: the tints of `lay_out`, and the text between them. The pieces joined are the text.

    >>> def span(start: int, end: int) -> Span:
    ...     return Span(start=start, end=end, exact=True, surprise=0.0, sources=())
    >>> [(piece.text, piece.span) for piece in cut_at_spans("to be or not", [span(0, 7), span(3, 12)])]
    [('to ', None), ('be or not', 1)]
    """
    return cut_at_tints(text, lay_out(text, spans, before))


def cut_at_tints(text: str, tints: Sequence[Tint]) -> list[Piece]:
    """Cut `text` into pieces: the `tints`, which do not overlap, by start, and the text between them."""
    pieces, reached = [], 0
    for tint in tints:
        if reached < tint.start:
            pieces.append(Piece(text=text[reached : tint.start], span=None))
        pieces.append(Piece(text=text[tint.start : tint.end], span=tint.span))
        reached = tint.end
    if reached < len(text):
        pieces.append(Piece(text=text[reached:], span=None))
    return pieces
