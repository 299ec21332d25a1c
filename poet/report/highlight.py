"""From overlapping spans to consecutive pieces of text. This module makes data; HTML is the templates' part."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from poet.results.attribution import Span

# A piece of this many characters or fewer is too small to notice. Such pieces are what longer spans leave visible of a
# shorter one: near copies often reach a character or two further than the exact match inside them.
TINY = 2


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text, and the index of the span that it shows; None for text outside all spans."""

    text: str
    span: int | None

    # White space at the edge of a tinted passage looks like a mistake. So a page tints `core` only, and writes `lead`
    # and `trail` beside it; the three joined are `text`.

    @property
    def core(self) -> str:
        """The text without the white space around it; the whole text if it is nothing but white space."""
        return self.text.strip() or self.text

    @property
    def lead(self) -> str:
        """The white space before `core`."""
        return self.text[: self.text.index(self.core)]

    @property
    def trail(self) -> str:
        """The white space after `core`."""
        return self.text[len(self.lead) + len(self.core) :]

    @property
    def tiny(self) -> bool:
        """Whether the piece is too small to notice."""
        return len(self.core) <= TINY


def cut_at_spans(text: str, spans: Sequence[Span]) -> list[Piece]:
    """Cut `text` into pieces; each character shows the longest span that covers it, the first in `spans` of two equals.

    The pieces joined are the text. A span that longer ones cover completely has no piece.

    >>> def span(start: int, end: int) -> Span:
    ...     return Span(start=start, end=end, exact=True, surprise=0.0, sources=())
    >>> [(piece.text, piece.span) for piece in cut_at_spans("to be or not", [span(0, 5), span(3, 12)])]
    [('to ', 0), ('be or not', 1)]
    """
    # For each character, the index of the span that it shows. Spans are painted one over another, the shortest first,
    # so that the longest stays visible; of two equally long ones the first in `spans` is painted last.
    shown: list[int | None] = [None] * len(text)
    for index in sorted(range(len(spans)), key=lambda i: (spans[i].length, -i)):
        span = spans[index]
        shown[span.start : span.end] = [index] * span.length

    # Neighbours that show the same span form one piece.
    pieces, start = [], 0
    for shown_span, group in groupby(shown):
        end = start + len(list(group))
        pieces.append(Piece(text=text[start:end], span=shown_span))
        start = end
    return pieces
