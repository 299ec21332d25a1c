"""The end of a text that is being written: after some lines, before some words, or with its line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What ends a text before its tokens are used up.

    `lines` is the number of lines that have text; the line that the prompt began counts, blank lines do not. 0 sets no
    limit. `until` is the words before which the text ends; an empty text sets no end. What is complete first counts.
    """

    lines: int = 0
    until: str = ""


class Cut(Protocol):
    """Takes the pieces of a text that is being written, and gives back what belongs to it."""

    ended: bool

    def take(self, piece: str, read: int) -> str:
        """What may be shown after `piece`, up to whose end `read` tokens were written. Nothing after the end."""
        ...

    def rest(self) -> str:
        """What was kept back when no piece follows."""
        ...


class EndAt:
    """Ends a text that follows `prompt` where `ending` says. What may belong to the end itself is kept back."""

    def __init__(self, ending: Ending, prompt: str) -> None:
        self.ending, self.ended = ending, False
        # Lines with text that are complete, and whether the one that is being written has text yet.
        self._lines, self._has_text = 0, bool(prompt.rpartition("\n")[2].strip())
        self._held = ""  # what may be the beginning of `until`

    def take(self, piece: str, read: int = 0) -> str:
        """See `Cut`. The tokens do not matter."""
        text, start = self._held + piece, len(self._held)
        end = len(text) + 1  # behind the text: not found yet
        while self.ending.lines and (at := text.find("\n", start)) >= 0:
            self._lines += self._has_text or bool(text[start:at].strip())
            if self._lines == self.ending.lines:
                end = at
                break
            self._has_text, start = False, at + 1
        # Words that go on behind the line end that ends the text come too late, also where they are here already.
        if self.ending.until and (found := text.find(self.ending.until, 0, end + 1)) >= 0:
            end = found
        if end <= len(text):
            self.ended, self._held = True, ""
            return text[:end]
        self._has_text = self._has_text or bool(text[start:].strip())
        safe = len(text) - _held_back(text, self.ending.until)
        self._held = text[safe:]
        return text[:safe]

    def rest(self) -> str:
        """See `Cut`."""
        held, self._held = self._held, ""
        return held


class EndWithLine:
    """Ends a text with the line in which `tokens` tokens are used up."""

    def __init__(self, tokens: int) -> None:
        self.tokens, self.ended = tokens, False

    def take(self, piece: str, read: int) -> str:
        """See `Cut`."""
        if read > self.tokens:
            piece, line_end, _ = piece.partition("\n")
            self.ended = bool(line_end)
        elif read == self.tokens:
            self.ended = piece.endswith("\n")
        return piece

    def rest(self) -> str:
        """See `Cut`. Nothing is kept back."""
        return ""


def cut_pieces(cut: Cut, pieces: Iterable[tuple[int, str]]) -> Iterator[str]:
    """What `cut` leaves of `pieces`, each with the tokens up to its end."""
    for read, piece in pieces:
        if text := cut.take(piece, read):
            yield text
        if cut.ended:
            return
    if text := cut.rest():
        yield text


def end_at(ending: Ending, prompt: str, pieces: Iterable[str]) -> Iterator[str]:
    """The `pieces` of a text that follows `prompt` up to its end, each as soon as it cannot belong to the end itself.

    >>> list(end_at(Ending(until="--"), "", ["one", " -", " two", " -", "- three"]))
    ['one', ' ', '- two', ' ']
    >>> list(end_at(Ending(lines=2), "Shall I ", ["compare thee?\\n", "\\nThou ", "art\\nmore"]))
    ['compare thee?\\n', '\\nThou ', 'art']
    """
    return cut_pieces(EndAt(ending, prompt), ((0, piece) for piece in pieces))


def end_with_line(pieces: Iterable[tuple[int, str]], tokens: int) -> Iterator[str]:
    """`pieces` up to the end of the line in which `tokens` tokens are used up; each with the tokens up to its end.

    >>> list(end_with_line([(1, "a "), (2, "line"), (3, " is\\nnew")], tokens=2))
    ['a ', 'line', ' is']
    """
    return cut_pieces(EndWithLine(tokens), pieces)


def _held_back(text: str, until: str) -> int:
    """How many characters at the end of `text` may be the beginning of `until`.

    >>> _held_back("a line\\n", until="\\n\\n")
    1
    """
    sizes = range(min(len(until) - 1, len(text)), 0, -1)
    return next((size for size in sizes if text.endswith(until[:size])), 0)
