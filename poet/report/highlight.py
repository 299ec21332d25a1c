"""From overlapping spans to pieces of text that follow one another: data only, no HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text and the number of the span that it shows, None for text that is nobody's."""

    text: str
    span: int | None

    @property
    def core(self) -> str:
        """The text without the white space around it, which looks odd when it is tinted; all of it if it is no more."""
        return self.text.strip() or self.text

    @property
    def lead(self) -> str:
        """The white space before `core`."""
        return self.text[: self.text.index(self.core)]

    @property
    def trail(self) -> str:
        """The white space behind `core`."""
        return self.text[len(self.lead) + len(self.core) :]


def pieces(text: str, spans: Sequence[dict[str, Any]]) -> list[Piece]:
    """Cut `text` so that each character shows the longest span that covers it, the earlier of two equals.

    The pieces joined are the text.

    >>> [(p.text, p.span) for p in pieces("to be or not", [{"start": 0, "end": 5}, {"start": 3, "end": 12}])]
    [('to ', 0), ('be or not', 1)]
    """
    shown: list[int | None] = [None] * len(text)
    # Longer spans are painted last, over shorter ones; among equals the earlier is painted last.
    order = sorted(range(len(spans)), key=lambda i: (spans[i]["end"] - spans[i]["start"], -i))
    for number in order:
        for i in range(spans[number]["start"], spans[number]["end"]):
            shown[i] = number
    result, start = [], 0
    for number_or_none, group in groupby(shown):
        end = start + len(list(group))
        result.append(Piece(text=text[start:end], span=number_or_none))
        start = end
    return result
