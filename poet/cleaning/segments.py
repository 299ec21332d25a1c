"""A text as typed segments: which part is the book, and what surrounds or interrupts it.

Every segment is a run of complete lines. Segments follow one another without a gap, so that together they are the text
again. This module only finds the parts; `poet.cleaning.text` decides which kinds are removed.
"""

import heapq
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise
from typing import get_args

from poet.cleaning import markers, note_markers
from poet.cleaning.credits import FRONT_MATTER, first_credits, last_credits
from poet.cleaning.frame import frame
from poet.cleaning.hosts import host_frames
from poet.cleaning.lines import GAP, PARAGRAPH, Segment, is_ornament, line_end, skip_blank_lines
from poet.cleaning.notes import MAX_LAST_BRACKET, NOTE_REGION, is_transcribers, last_bracket, transcriber_notes
from poet.params.sections import Part

# The kinds of segment, in order of precedence: where two candidates overlap, the earlier kind of this list wins.
KINDS = (*get_args(Part), "body")

# A bracket that is not closed within this many characters is a slip, and not a caption.
MAX_BRACKET = 3_000

# Prose fills its lines: at least this many characters on average, in a paragraph of at least this many lines. A table
# of contents does not.
PROSE_WIDTH = 50
PROSE_LINES = 3

BRACKET = re.compile(r"[\[\]]")
# A bracket at the start of a line; and one that speaks of "this etext", which only its transcriber can.
OPENING_BRACKET = re.compile(r"^[^\S\n]*\[", re.MULTILINE)
ETEXT_BRACKET = re.compile(r"^[^\S\n]*\[(?=[^\[\]]{0,1500}?\bthis e-?text\b)", re.MULTILINE | re.IGNORECASE)


def segment(text: str, kinds: Collection[str] = KINDS) -> list[Segment]:
    """Cut `text` (line ends `\\n`) into segments of `kinds` and body; together they are the text.

    Only `kinds` are searched for. The frame is always found, because the other rules apply between header and footer.

    >>> [(s.kind, s.end) for s in segment("Produced by A. Reader\\n\\nEMMA\\n")]
    [('credits', 23), ('body', 28)]
    """
    candidates = frame(text)
    start = max((each.end for each in candidates if each.start == 0), default=0)
    end = min((each.start for each in candidates if each.end == len(text) and each.start >= start), default=len(text))
    hosts = list(host_frames(text, start, end))
    candidates += hosts
    end = min((each.start for each in hosts if each.end == end), default=end)
    # Each rule proposes candidates on its own; they may overlap.
    if "credits" in kinds or "transcriber_notes" in kinds:
        credits = list(first_credits(text, start, end))
        credit_ends = [each.end for each in credits if each.end <= start + FRONT_MATTER]
        candidates += [*credits, *last_credits(text, start, end)]
        if "transcriber_notes" in kinds:
            candidates += transcriber_notes(text, start, end, credit_ends)
    candidates += _bracketed_parts(text, start, end, kinds)
    for kind, find in BOOK_PARTS.items():
        if kind in kinds:
            candidates += find(text, start, end)
    return _resolve([each for each in candidates if each.kind in kinds], len(text))


def _resolve(candidates: Sequence[Segment], length: int) -> list[Segment]:
    """The candidates without overlap, by precedence; the rest of a text of `length` characters is body.

    >>> note = Segment(kind="transcriber_notes", start=0, end=9)
    >>> picture = Segment(kind="illustrations", start=5, end=12)
    >>> [(s.kind, s.start, s.end) for s in _resolve([picture, note], 20)]
    [('transcriber_notes', 0, 9), ('illustrations', 9, 12), ('body', 12, 20)]
    """
    # Of two candidates of one kind, the one that begins first wins.
    ranked = sorted(
        (each for each in candidates if each.start < each.end), key=lambda each: (KINDS.index(each.kind), each.start)
    )
    body = Segment(kind="body", start=0, end=length)
    opening = sorted(range(len(ranked)), key=lambda rank: ranked[rank].start)
    # Between two neighbouring edges, one set of candidates applies to all characters.
    edges = sorted({0, length, *(each.start for each in ranked), *(each.end for each in ranked)})
    # A sweep over the edges: a heap has the ranks of those candidates that have begun, the winner on top. Candidates
    # that have ended leave it only when they come to its top, so that each enters and leaves once.
    begun: list[int] = []
    entered = 0
    segments: list[Segment] = []
    previous = None
    for start, end in pairwise(edges):
        while entered < len(opening) and ranked[opening[entered]].start <= start:
            heapq.heappush(begun, opening[entered])
            entered += 1
        while begun and ranked[begun[0]].end <= start:
            heapq.heappop(begun)
        winner = ranked[begun[0]] if begun else body
        # An edge of a losing candidate does not divide the winner.
        if winner is previous:
            segments[-1] = Segment(kind=winner.kind, start=segments[-1].start, end=end)
        else:
            segments.append(Segment(kind=winner.kind, start=start, end=end))
        previous = winner
    return segments


def _bracketed_parts(text: str, start: int, end: int, kinds: Collection[str]) -> Iterator[Segment]:
    """Captions and notes in brackets, such as "[Illustration: Mr. Bennet]" and "[Transcriber's note: ...]".

    They may contain brackets and several lines, but must fill their lines: in "He saw [Illustration: a ship] at sea",
    removing the bracket would remove words of the book.
    """
    if "illustrations" in kinds:
        for name in markers.PICTURE_FILE.finditer(text, start, end):
            yield Segment(kind="illustrations", start=name.start(), end=skip_blank_lines(text, name.end(), end))
    openings: dict[str, list[tuple[int, int]]] = {}
    for kind, pattern in (("illustrations", markers.ILLUSTRATION), ("transcriber_notes", note_markers.BRACKETED_NOTE)):
        if kind in kinds:
            found = (each.start() for each in pattern.finditer(text, start, end))
            openings[kind] = [(line, text.index("[", line)) for line in found]
    # Whatever its first words are, a bracket at the top that speaks of electronic texts is a note, in a text that comes
    # from a host of them; so is one anywhere that speaks of this etext, and the bracket with which a book ends.
    if start and "transcriber_notes" in kinds:
        top = OPENING_BRACKET.finditer(text, start, min(end, start + NOTE_REGION))
        others = {each.start(): each.end() - 1 for each in top}
        others |= {each.start(): each.end() - 1 for each in ETEXT_BRACKET.finditer(text, start, end)}
        others |= last_bracket(text, start, end)
    else:
        others = {}
    closings = _closing_brackets(
        text, {bracket for each in openings.values() for _, bracket in each} | {*others.values()}, end
    )
    electronic = [
        (line, bracket)
        for line, bracket in others.items()
        if bracket in closings and is_transcribers(text, bracket, closings[bracket], start, end)
    ]
    if electronic:
        openings["transcriber_notes"] = sorted({*openings["transcriber_notes"], *electronic})
    for kind, places in openings.items():
        position = start
        for line, bracket in places:
            if line < position or bracket not in closings:
                continue
            close = line_end(text, closings[bracket])
            # "[Illustration: Emma].": a point is no word of the book.
            if is_ornament(text[closings[bracket] : close]):
                yield Segment(kind=kind, start=line, end=skip_blank_lines(text, close, end))
                position = close


def _closing_brackets(text: str, openings: Collection[int], end: int) -> dict[int, int]:
    """For each bracket that opens at one of `openings`: the position after the one that closes it, if that is near.

    >>> text = "[Illustration: A [_Copyright_]] End"
    >>> text[: _closing_brackets(text, {0}, len(text))[0]]
    '[Illustration: A [_Copyright_]]'
    """
    closings: dict[int, int] = {}
    if not openings:
        return closings
    bottom = len(text[:end].rstrip())
    # The brackets that are open. More than MAX_BRACKET cannot be: the first of them would be too far away.
    stack: deque[int] = deque(maxlen=MAX_BRACKET)
    for bracket in BRACKET.finditer(text, min(openings), end):
        if bracket[0] == "[":
            stack.append(bracket.start())
        elif stack:
            opening = stack.pop()
            near = bracket.end() - opening <= MAX_BRACKET
            # A list of corrections may be long; it is the last of a book.
            last = bracket.end() - opening <= MAX_LAST_BRACKET and bracket.end() == bottom
            if opening in openings and (near or last):
                closings[opening] = bracket.end()
    return closings


# The parts below are the book's own. All are guessed by heading and shape, and are removed only on request. Each
# heading is searched only where such a part is usual, because its word also occurs as a title of a chapter.


def _contents(text: str, start: int, end: int) -> Iterator[Segment]:
    """The table of contents: in the first tenth, up to the first prose."""
    if heading := markers.CONTENTS_HEADING.search(text, start, start + (end - start) // 10):
        after = _prose_start(text, line_end(text, heading.end()), end)
        yield Segment(kind="contents", start=heading.start(), end=after)


def _prefaces(text: str, start: int, end: int) -> Iterator[Segment]:
    """A preface: in the first fifth, up to the first chapter, which must begin in the first third."""
    length = end - start
    heading = markers.PREFACE_HEADING.search(text, start, start + length // 5)
    if heading and (chapter := markers.CHAPTER_HEADING.search(text, heading.end(), start + length // 3)):
        yield Segment(kind="prefaces", start=heading.start(), end=chapter.start())


def _index(text: str, start: int, end: int) -> Iterator[Segment]:
    """An index: in the last fifth, up to the end."""
    if heading := markers.INDEX_HEADING.search(text, start + (end - start) * 4 // 5, end):
        yield Segment(kind="index", start=heading.start(), end=end)


def _footnotes(text: str, start: int, end: int) -> Iterator[Segment]:
    """Footnotes, under a heading after any chapter, or each by itself: a paragraph that begins with "[1]"."""
    after = start
    for heading in markers.FOOTNOTES_HEADING.finditer(text, start, end):
        # A heading within the notes of the one before is theirs.
        if heading.start() >= after:
            after = _footnotes_end(text, line_end(text, heading.end()), end)
            yield Segment(kind="footnotes", start=heading.start(), end=after)
    after = start
    for note in markers.FOOTNOTE.finditer(text, start, end):
        # A paragraph may be a list of notes.
        if note.start() >= after and (paragraph := PARAGRAPH.match(text, note.start(), end)):
            after = skip_blank_lines(text, paragraph.end(), end)
            yield Segment(kind="footnotes", start=note.start(), end=after)


BOOK_PARTS: dict[str, Callable[[str, int, int], Iterator[Segment]]] = {
    "contents": _contents,
    "prefaces": _prefaces,
    "index": _index,
    "footnotes": _footnotes,
}


def _prose_start(text: str, start: int, limit: int) -> int:
    """The last gap before the first paragraph of prose, so that the heading of the chapter stays with the prose."""
    for paragraph in PARAGRAPH.finditer(text, start, limit):
        lines = paragraph[0].rstrip("\n").split("\n")
        # The last line of a paragraph is short in prose, too, so it does not count.
        full_lines = lines[:-1]
        if len(lines) >= PROSE_LINES and sum(len(line) for line in full_lines) >= PROSE_WIDTH * len(full_lines):
            gaps = list(GAP.finditer(text, start, paragraph.start()))
            return gaps[-1].end() if gaps else paragraph.start()
    return start


def _footnotes_end(text: str, start: int, limit: int) -> int:
    """The end of the footnotes under a heading: of the paragraphs that begin with a number or are indented."""
    end = start
    for paragraph in PARAGRAPH.finditer(text, start, limit):
        # Indented: the second paragraph of a long footnote.
        if not (markers.FOOTNOTE.match(paragraph[0]) or paragraph[0].startswith(("  ", "\t"))):
            break
        end = paragraph.end()
    return skip_blank_lines(text, end, limit)
