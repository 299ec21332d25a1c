"""A line of a sample over the line of a book that it repeats, word by word, with the words that differ marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from poet.attribution.words import UNSPACED

# Words with the white space before them; in scripts without blanks, letters. White space may remain at the end.
TOKENS = re.compile(rf"(\s*)([{UNSPACED}]|[^\s{UNSPACED}]+)|(\s+)\Z")

# The most characters of a line that are shown on either side of the passage. A paragraph can be one line.
MOST_CONTEXT = 80
ELLIPSIS = "…"

# The most words on either side that are aligned at a time.
WINDOW = 200


@dataclass(frozen=True, kw_only=True)
class ComparedPiece:
    """A stretch of a line: whether it `differs` from the other line, and whether it is in the `matched` passage.

    White space never differs, whether it is a blank or a line end.
    """

    text: str
    differs: bool
    matched: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The lines around a passage in the `sample` and in the `book`, in pieces; an ellipsis is where a line is cut."""

    sample: list[ComparedPiece]
    book: list[ComparedPiece]


@dataclass(frozen=True, kw_only=True)
class PassageAt:
    """The passage `text[start:end]`."""

    text: str
    start: int
    end: int

    def parts(self) -> tuple[str, str, str]:
        """What stands before the passage in its line, the passage, and what stands after it in its line."""
        line_start = self.text.rfind("\n", 0, self.start) + 1
        line_end = self.text.find("\n", self.end)
        before = self.text[line_start : self.start]
        after = self.text[self.end : line_end if line_end >= 0 else len(self.text)]
        # Cut between words, where there is a blank near enough.
        if len(before) > MOST_CONTEXT:
            before = before[-MOST_CONTEXT:]
            before = ELLIPSIS + (before.partition(" ")[2] or before)
        if len(after) > MOST_CONTEXT:
            after = after[:MOST_CONTEXT]
            after = (after.rpartition(" ")[0] or after) + ELLIPSIS
        return before, self.text[self.start : self.end], after


def compare(sample: PassageAt, book: PassageAt) -> Comparison:
    """The lines of the two passages, aligned: first what is before the passages, then these, then what follows.

    >>> found = compare(
    ...     PassageAt(text="I saw the winter of our love", start=6, end=23),
    ...     PassageAt(text="Now is\\nthe winter of our\\ndiscontent", start=7, end=24),
    ... )
    >>> [piece.text for piece in found.sample if piece.differs], [piece.text for piece in found.book if piece.matched]
    (['I', 'saw', 'love'], ['the winter of our'])
    """
    lines: tuple[list[ComparedPiece], list[ComparedPiece]] = ([], [])
    for number, pair in enumerate(zip(sample.parts(), book.parts(), strict=True)):
        tokens = tuple(list(TOKENS.finditer(part)) for part in pair)
        ours, theirs = ([token[2] or "" for token in found] for found in tokens)
        blocks = list(_equal_blocks(ours, theirs))
        for side, line in enumerate(lines):
            equal = {block[side] + i for block in blocks for i in range(block[2])}
            line.extend(_merge(_pieces(tokens[side], equal, matched=number == 1)))
    return Comparison(sample=lines[0], book=lines[1])


def _equal_blocks(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """The words that are equal in order: where each block begins in `ours` and in `theirs`, and how many words it has.

    Windows of words are aligned one after another, because the time of an alignment grows with its square. Near copies
    have nearly the same words, so that each window finds those of the other side.
    """
    at, beside = 0, 0
    while at < len(ours) and beside < len(theirs):
        window, other = ours[at : at + WINDOW], theirs[beside : beside + WINDOW]
        if window == other:  # as all of a verbatim passage
            blocks = [(0, 0, len(window))]
        else:
            found = SequenceMatcher(None, window, other, autojunk=False).get_matching_blocks()
            blocks = [(block.a, block.b, block.size) for block in found if block.size]
        for first, second, size in blocks:
            yield at + first, beside + second, size
        # The next windows begin behind the last block. If that is near, what follows has no equal in these windows.
        step, side_step = (blocks[-1][0] + blocks[-1][2], blocks[-1][1] + blocks[-1][2]) if blocks else (0, 0)
        near = max(step, side_step) < WINDOW // 2
        at += WINDOW if near else step
        beside += WINDOW if near else side_step


def _pieces(tokens: list[re.Match[str]], equal: set[int], *, matched: bool) -> Iterator[ComparedPiece]:
    for number, token in enumerate(tokens):
        if space := token[1] or token[3]:
            yield ComparedPiece(text=space, differs=False, matched=matched)
        if token[2]:
            yield ComparedPiece(text=token[2], differs=number not in equal, matched=matched)


def _merge(pieces: Iterator[ComparedPiece]) -> Iterator[ComparedPiece]:
    """The `pieces`, with equal neighbours joined."""
    last: ComparedPiece | None = None
    for piece in pieces:
        if last and (last.differs, last.matched) == (piece.differs, piece.matched):
            last = ComparedPiece(text=last.text + piece.text, differs=piece.differs, matched=piece.matched)
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last
