"""The lines at the top of a collection's page: what the model writes, before any figure."""

import bisect
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from poet.report.highlight import Piece
from poet.report.passages import ShownSample

# The most lines and characters: what the first screen of a phone holds beside the source of a passage.
LINES, CHARACTERS = 10, 400

# More gaps between paragraphs leave too little of ten lines.
FEW_GAPS = 2

# Fewer words of running text are no passage to begin with.
LEAST_RUNNING_WORDS = 3

# More passages than these make no opening better; else the lines that copy most would always win.
ENOUGH_PASSAGES = 2


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Some lines of the sample `shown`: their `pieces`, and the index of the passage to begin with, if there is one."""

    shown: ShownSample
    pieces: list[Piece]
    passage: int | None


def choose_opening(samples: Sequence[ShownSample]) -> Opening | None:
    """The ten lines to begin with; None without samples, or if all are blank.

    They begin where a paragraph does. Preferred are lines with passages (up to two), then full ones, with few gaps and
    of enough text; then the temperature in the middle of all, then the order of the file.
    """
    candidates = [
        (shown, starts, start, end)
        for shown in samples
        for starts in [_starts(shown.pieces)]
        for start, end in _windows(shown.sample.text)
    ]
    if not candidates:
        return None
    temperatures = sorted({shown.sample.temperature for shown in samples})
    middle = temperatures[len(temperatures) // 2]

    def rank(candidate: tuple[ShownSample, list[int], int, int]) -> tuple[int, bool, float]:
        shown, starts, start, end = candidate
        found = len(_running(shown, _passages(_cut(shown.pieces, starts, start, end))))
        text = shown.sample.text[start:end]
        sparse = text.count("\n\n") > FEW_GAPS or len(text) < CHARACTERS / 2
        return -min(found, ENOUGH_PASSAGES), sparse, abs(shown.sample.temperature - middle)

    shown, starts, start, end = min(candidates, key=rank)  # the first of equals
    pieces = _cut(shown.pieces, starts, start, end)
    tinted = _passages(pieces)
    # Where all that is tinted is names and headings, one of those stands beside the lines.
    first = max(_running(shown, tinted) or tinted, key=lambda span: shown.passages[span].running_surprise, default=None)
    return Opening(shown=shown, pieces=pieces, passage=first)


def _passages(pieces: Sequence[Piece]) -> list[int]:
    """The passages that `pieces` show, by their index in the sample."""
    return list(dict.fromkeys(piece.span for piece in pieces if piece.span is not None))


def _running(shown: ShownSample, passages: Sequence[int]) -> list[int]:
    """Those of `passages` that are running text; the others are mostly furniture, such as names and headings."""
    return [span for span in passages if shown.passages[span].running_words >= LEAST_RUNNING_WORDS]


def _windows(text: str) -> Iterator[tuple[int, int]]:
    r"""The candidates in a text, as (start, end): from the start of a paragraph to the end of a line.

    >>> list(_windows("One.\n\nTwo."))
    [(0, 10), (6, 10)]
    """
    starts = [0, *(gap.end() for gap in re.finditer(r"\n\n+", text))]
    for start in starts:
        if text[start : start + CHARACTERS].strip():
            yield start, _window_end(text, start)


def _window_end(text: str, start: int) -> int:
    """The end of the lines that fit. A line that is too long by itself is cut at a blank."""
    end = start
    for line in text[start : start + CHARACTERS + 1].splitlines(keepends=True)[:LINES]:
        if end + len(line) - start > CHARACTERS:
            break
        end += len(line)
    if end == start:
        blank = text.rfind(" ", start, start + CHARACTERS)
        end = blank if blank > start else min(len(text), start + CHARACTERS)
    lines_shown = text[start:end].rstrip()
    # A single line after the last gap is the name of the next speaker, or the first line of what was cut.
    paragraphs, gap, last = lines_shown.rpartition("\n\n")
    if gap and "\n" not in last and end < len(text):
        lines_shown = paragraphs
    return start + len(lines_shown.rstrip())


def _starts(pieces: Sequence[Piece]) -> list[int]:
    """The character of the text, which the `pieces` joined are, at which each of them starts."""
    return list(itertools.accumulate((len(piece.text) for piece in pieces), initial=0))[:-1]


def _cut(pieces: Sequence[Piece], starts: Sequence[int], start: int, end: int) -> list[Piece]:
    """The parts of `pieces`, which start at `starts`, between two characters of the text. A part shows no passage.

    >>> pieces = [Piece(text="To be", span=0), Piece(text=" or ", span=None), Piece(text="not to be", span=1)]
    >>> [(piece.text, piece.span) for piece in _cut(pieces, [0, 5, 9], 0, 12)]
    [('To be', 0), (' or ', None), ('not', None)]
    """
    cut = []
    # From the piece that holds `start` on. Samples have many paragraphs, so each looks at its own pieces only.
    first = max(0, bisect.bisect_right(starts, start) - 1)
    for number in range(first, bisect.bisect_left(starts, end)):
        piece, at = pieces[number], starts[number]
        text = piece.text[max(0, start - at) : end - at]
        if text:
            cut.append(Piece(text=text, span=piece.span if text == piece.text else None))
    return cut
