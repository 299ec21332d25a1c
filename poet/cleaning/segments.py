"""A text as typed segments: what is the book, and what stands around and inside it.

Every segment is a run of whole lines. Segments follow one another without gap, so that the text can be put together
again from them; what to do with each kind is for others to decide.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from poet.cleaning import markers

# Kinds in order of precedence: where two finds overlap, the earlier kind of this list holds.
KINDS = (
    "licence",
    "small_print",
    "credits",
    "transcriber_notes",
    "illustrations",
    "contents",
    "footnotes",
    "index",
    "prefaces",
    "body",
)

# Licences have 19,000 characters, the longest headers of the nineties about as many.
LONGEST_FRAME = 40_000
# How far from the ends of a book a transcriber's heading is looked for.
NOTE_REGION = 20_000
LONGEST_BRACKET = 3_000
MOST_CREDITS_LINES = 15

PARAGRAPH = re.compile(r"(?:^[^\S\n]*\S[^\n]*(?:\n|\Z))+", re.MULTILINE)
GAP = re.compile(r"\n(?:[^\S\n]*\n){2,}")  # two empty lines or more


@dataclass(frozen=True, kw_only=True)
class Segment:
    """`text[start:end]` is of `kind`, one of KINDS."""

    kind: str
    start: int
    end: int


def segment(text: str) -> list[Segment]:
    """Cut `text` (line ends `\\n`) into segments; together they are the text.

    >>> [(s.kind, s.end) for s in segment("Produced by A. Reader\\n\\nEMMA\\n")]
    [('credits', 23), ('body', 28)]
    """
    finds = list(_frame(text))
    start = max((find.end for find in finds if find.start == 0), default=0)
    end = min((find.start for find in finds if find.end == len(text) and find.start >= start), default=len(text))
    finds += _opening(text, start, end)
    finds += _notes(text, start, end)
    finds += _bracketed(text, start, end)
    finds += _parts_of_the_book(text, start, end)
    return _lay_out(finds, len(text))


def _lay_out(finds: list[Segment], length: int) -> list[Segment]:
    """The finds as segments without overlap, by precedence, the rest as body."""
    finds = [find for find in finds if find.start < find.end]
    edges = sorted({0, length, *(find.start for find in finds), *(find.end for find in finds)})
    body = Segment(kind="body", start=0, end=length)
    segments: list[Segment] = []
    last = None
    for start, end in pairwise(edges):
        covering = [find for find in finds if find.start <= start and end <= find.end]
        holds = min(covering, key=lambda find: (KINDS.index(find.kind), find.start), default=body)
        if holds is last:
            segments[-1] = Segment(kind=holds.kind, start=segments[-1].start, end=end)
        else:
            segments.append(Segment(kind=holds.kind, start=start, end=end))
        last = holds
    return segments


def _frame(text: str) -> Iterator[Segment]:
    """Licence and small print before and after the book, and end lines left in its middle."""
    end = _footer_start(text)
    if end < len(text):
        yield Segment(kind="licence", start=end, end=len(text))
    header = _header_end(text, end)
    if header:
        kind = "small_print" if markers.SMALL_PRINT.search(text, 0, header) else "licence"
        yield Segment(kind=kind, start=0, end=header)
    for line in markers.END_LINE.finditer(text, header, end):
        yield Segment(kind="licence", start=line.start(), end=_line_end(text, line.end()))


def _header_end(text: str, limit: int) -> int:
    """Where the book begins: after the last start marker near the top, else after a header that lost its marker."""
    starts = list(markers.START.finditer(text, 0, min(limit, LONGEST_FRAME)))
    if starts:
        return min(_line_end(text, starts[-1].end()), limit)
    end = 0
    if markers.HEADER_OPENING.match(text):
        for paragraph in PARAGRAPH.finditer(text, 0, limit):
            if not markers.HEADER_PARAGRAPH.match(paragraph[0]):
                break
            end = paragraph.end()
    return end


def _footer_start(text: str) -> int:
    """Where the licence after the book begins; the length of the text when there is none."""
    certain = list(markers.END.finditer(text))
    end = certain[-1].start() if certain else len(text)
    # "End of the Project Gutenberg EBook of Emma" comes some lines before the certain marker, or without it.
    region = max(0, end - 600) if certain else max(0, len(text) - LONGEST_FRAME)
    for line in markers.END_LINE.finditer(text, region, end):
        rest = text[line.end() : end]
        if certain or not rest.strip() or markers.LICENCE.search(rest):
            return _line_start(text, line.start())
    return _line_start(text, end) if certain else len(text)


def _opening(text: str, start: int, end: int) -> Iterator[Segment]:
    """Production credits: paragraphs before all others; a transcriber's note may stand among them."""
    for paragraph in PARAGRAPH.finditer(text, start, end):
        words = paragraph[0]
        if markers.NOTE_LINE.match(words):
            continue
        plain = markers.CREDITS.match(words)
        if not plain and not (markers.AMBIGUOUS_CREDITS.match(words) and markers.TRADE.search(words)):
            return
        if words.count("\n") > MOST_CREDITS_LINES:
            return
        yield Segment(kind="credits", start=paragraph.start(), end=_skip_empty_lines(text, paragraph.end(), end))


def _notes(text: str, start: int, end: int) -> Iterator[Segment]:
    """A transcriber's notes: at the top to the next gap, at the bottom to the end."""
    for heading in markers.NOTE_LINE.finditer(text, start, min(end, start + NOTE_REGION)):
        yield Segment(kind="transcriber_notes", start=heading.start(), end=_note_end(text, heading.start(), end))
    bottom = max(start + (end - start) * 4 // 5, end - NOTE_REGION)
    for heading in markers.NOTE_LINE.finditer(text, bottom, end):
        yield Segment(kind="transcriber_notes", start=heading.start(), end=end)
        return


def _note_end(text: str, start: int, limit: int) -> int:
    """The end of a note that begins at `start`: the gap after its first words; of a heading alone, after what
    follows it.
    """
    paragraph = PARAGRAPH.match(text, start, limit)
    assert paragraph is not None
    first = paragraph.end()
    if paragraph[0].count("\n") <= 1 and len(paragraph[0].strip()) < 80:  # a heading alone
        following = PARAGRAPH.search(text, first, limit)
        first = following.end() if following else first
    gap = GAP.search(text, first - 1, limit)
    return _skip_empty_lines(text, gap.start() + 1 if gap else limit, limit)


def _bracketed(text: str, start: int, end: int) -> Iterator[Segment]:
    """[Illustration: ...] and [Transcriber's note: ...] that fill whole lines, with brackets inside."""
    for kind, pattern in (("illustrations", markers.ILLUSTRATION), ("transcriber_notes", markers.BRACKETED_NOTE)):
        position = start
        while opening := pattern.search(text, position, end):
            close = _closing_bracket(text, opening.start(), end)
            position = opening.end()
            line_end = _line_end(text, close) if close else 0
            if close and not text[close:line_end].strip():
                yield Segment(kind=kind, start=opening.start(), end=_skip_empty_lines(text, line_end, end))
                position = line_end


def _closing_bracket(text: str, start: int, limit: int) -> int:
    """The position after the bracket that closes the first one from `start`, 0 when it is not near."""
    depth = 0
    for bracket in re.compile(r"[\[\]]").finditer(text, start, min(limit, start + LONGEST_BRACKET)):
        depth += 1 if bracket[0] == "[" else -1
        if depth == 0:
            return bracket.end()
    return 0


def _parts_of_the_book(text: str, start: int, end: int) -> Iterator[Segment]:
    """Contents, prefaces, footnotes and index: by heading and shape, so a guess; kept unless someone drops them."""
    tenth = start + (end - start) // 10
    if heading := markers.CONTENTS_HEADING.search(text, start, tenth):
        after = _prose_start(text, _line_end(text, heading.end()), end)
        yield Segment(kind="contents", start=heading.start(), end=after)
    heading = markers.PREFACE_HEADING.search(text, start, start + (end - start) // 5)
    third = start + (end - start) // 3
    if heading and (chapter := markers.CHAPTER_HEADING.search(text, heading.end(), third)):
        yield Segment(kind="prefaces", start=heading.start(), end=chapter.start())
    if heading := markers.INDEX_HEADING.search(text, start + (end - start) * 4 // 5, end):
        yield Segment(kind="index", start=heading.start(), end=end)
    for heading in markers.FOOTNOTES_HEADING.finditer(text, start, end):
        after = _footnotes_end(text, _line_end(text, heading.end()), end)
        yield Segment(kind="footnotes", start=heading.start(), end=after)
    for note in markers.FOOTNOTE.finditer(text, start, end):
        if paragraph := PARAGRAPH.match(text, note.start(), end):
            yield Segment(kind="footnotes", start=note.start(), end=_skip_empty_lines(text, paragraph.end(), end))


def _prose_start(text: str, start: int, limit: int) -> int:
    """The last gap before the first paragraph of prose: three lines or more of at least 50 characters."""
    for paragraph in PARAGRAPH.finditer(text, start, limit):
        lines = paragraph[0].rstrip("\n").split("\n")
        if len(lines) >= 3 and sum(len(line) for line in lines[:-1]) >= 50 * (len(lines) - 1):
            gaps = list(GAP.finditer(text, start, paragraph.start()))
            return gaps[-1].end() if gaps else paragraph.start()
    return start


def _footnotes_end(text: str, start: int, limit: int) -> int:
    """The end of the footnotes after a heading: they begin with a number, or are indented."""
    end = start
    for paragraph in PARAGRAPH.finditer(text, start, limit):
        if not (markers.FOOTNOTE.match(paragraph[0]) or paragraph[0].startswith(("  ", "\t"))):
            break
        end = paragraph.end()
    return _skip_empty_lines(text, end, limit)


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str, position: int) -> int:
    """After the line end that follows `position`."""
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def _skip_empty_lines(text: str, position: int, limit: int) -> int:
    """The start of the next line that holds something."""
    filled = re.compile(r"^[^\S\n]*\S", re.MULTILINE).search(text, position, limit)
    return filled.start() if filled else limit
