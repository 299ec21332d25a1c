"""The end of a text that is being written: after some lines, before some words, or with its line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What ends a text before its tokens are used up.

    `lines` is the number of lines that have text; the line that the prompt began counts, blank lines do not. 0 sets no
    limit. `until` is the words before which the text ends; an empty text sets no end. What is complete first counts.
    """

    lines: int = 0
    until: str = ""


def end_at(ending: Ending, prompt: str, pieces: Iterable[str]) -> Iterator[str]:
    """The `pieces` of a text that follows `prompt` up to its end, each as soon as it cannot belong to the end itself.

    >>> list(end_at(Ending(until="--"), "", ["one", " -", " two", " -", "- three"]))
    ['one', ' ', '- two', ' ']
    >>> list(end_at(Ending(lines=2), "Shall I ", ["compare thee?\\n", "\\nThou ", "art\\nmore"]))
    ['compare thee?\\n', '\\nThou ', 'art']
    """
    # Lines with text that are complete, and whether the one that is being written has text yet.
    lines, has_text = 0, bool(prompt.rpartition("\n")[2].strip())
    held = ""  # what may be the beginning of `until`
    for piece in pieces:
        text = held + piece
        end = len(text) + 1  # behind the text: not found yet
        start = len(held)
        while ending.lines and (at := text.find("\n", start)) >= 0:
            lines += has_text or bool(text[start:at].strip())
            if lines == ending.lines:
                end = at
                break
            has_text, start = False, at + 1
        # Words that go on behind the line end that ends the text come too late, also where they are here already.
        if ending.until and (found := text.find(ending.until, 0, end + 1)) >= 0:
            end = found
        if end <= len(text):
            if text[:end]:
                yield text[:end]
            return
        has_text = has_text or bool(text[start:].strip())
        safe = len(text) - _held_back(text, ending.until)
        if safe:
            yield text[:safe]
        held = text[safe:]
    if held:
        yield held


def _held_back(text: str, until: str) -> int:
    """How many characters at the end of `text` may be the beginning of `until`.

    >>> _held_back("a line\\n", until="\\n\\n")
    1
    """
    sizes = range(min(len(until) - 1, len(text)), 0, -1)
    return next((size for size in sizes if text.endswith(until[:size])), 0)


def end_with_line(pieces: Iterable[tuple[int, str]], tokens: int) -> Iterator[str]:
    """`pieces` up to the end of the line in which `tokens` tokens are used up; each with the tokens up to its end.

    >>> list(end_with_line([(1, "a "), (2, "line"), (3, " is\\nnew")], tokens=2))
    ['a ', 'line', ' is']
    """
    for taken, piece in pieces:
        if taken > tokens:
            last, line_end, _ = piece.partition("\n")
            if last:
                yield last
            if line_end:
                return
        else:
            yield piece
            if taken == tokens and piece.endswith("\n"):
                return
