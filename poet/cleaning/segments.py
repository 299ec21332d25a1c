"""A text as typed segments: which part is the book, and what surrounds or interrupts it.

Every segment is a run of complete lines. Segments follow one another without a gap, so that together they are the text
again. This module only finds the parts; `poet.cleaning.text` decides which kinds are removed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from poet.cleaning import markers

# The kinds of segment, in order of precedence: where two candidates overlap, the earlier kind of this list wins.
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

# The longest frame on either side of a book, in characters. Licences have 19,000, the longest headers of the nineties
# about as many. A marker that is further inside belongs to the book.
MAX_FRAME = 40_000

# "End of the Project Gutenberg EBook of Emma" comes a few lines before the certain end marker: within this distance.
END_LINE_DISTANCE = 600

# A transcriber's note is searched in this many characters at each end of a book.
NOTE_REGION = 20_000

# A bracket that is not closed within this many characters is a slip, and not a caption.
MAX_BRACKET = 3_000

# A paragraph with more lines is not a credit, whatever its first words are.
MAX_CREDIT_LINES = 15

# A heading alone, without the note itself, is shorter than this.
MAX_HEADING = 80

# Prose fills its lines: at least this many characters on average, in a paragraph of at least this many lines. A table
# of contents does not.
PROSE_WIDTH = 50
PROSE_LINES = 3

# One or more lines in a row that are not blank.
PARAGRAPH = re.compile(r"(?:^[^\S\n]*\S[^\n]*(?:\n|\Z))+", re.MULTILINE)

# Two blank lines or more: Gutenberg separates the parts of a book by them, and paragraphs by one.
GAP = re.compile(r"\n(?:[^\S\n]*\n){2,}")

BRACKET = re.compile(r"[\[\]]")
FILLED_LINE = re.compile(r"^[^\S\n]*\S", re.MULTILINE)


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
    # Each rule proposes candidates on its own; they may overlap. The other rules look only between header and footer.
    candidates = list(_frame(text))
    start = max((each.end for each in candidates if each.start == 0), default=0)
    end = min((each.start for each in candidates if each.end == len(text) and each.start >= start), default=len(text))
    candidates += _credits(text, start, end)
    candidates += _transcriber_notes(text, start, end)
    candidates += _bracketed_parts(text, start, end)
    candidates += _book_parts(text, start, end)
    return _resolve(candidates, len(text))


def _resolve(candidates: Sequence[Segment], length: int) -> list[Segment]:
    """The candidates without overlap, by precedence; the rest of a text of `length` characters is body.

    >>> note = Segment(kind="transcriber_notes", start=0, end=9)
    >>> picture = Segment(kind="illustrations", start=5, end=12)
    >>> [(s.kind, s.start, s.end) for s in _resolve([picture, note], 20)]
    [('transcriber_notes', 0, 9), ('illustrations', 9, 12), ('body', 12, 20)]
    """
    candidates = [each for each in candidates if each.start < each.end]
    # Between two neighbouring edges, one set of candidates applies to all characters.
    edges = sorted({0, length, *(each.start for each in candidates), *(each.end for each in candidates)})
    body = Segment(kind="body", start=0, end=length)
    segments: list[Segment] = []
    previous = None
    for start, end in pairwise(edges):
        covering = [each for each in candidates if each.start <= start and end <= each.end]
        # Of two candidates of one kind, the one that begins first wins.
        winner = min(covering, key=lambda each: (KINDS.index(each.kind), each.start), default=body)
        # An edge of a losing candidate does not divide the winner.
        if winner is previous:
            segments[-1] = Segment(kind=winner.kind, start=segments[-1].start, end=end)
        else:
            segments.append(Segment(kind=winner.kind, start=start, end=end))
        previous = winner
    return segments


def _frame(text: str) -> Iterator[Segment]:
    """Licence and small print before and after the book, and end lines that remain in its middle."""
    footer = _footer_start(text)
    if footer < len(text):
        yield Segment(kind="licence", start=footer, end=len(text))
    header = _header_end(text, footer)
    if header:
        kind = "small_print" if markers.SMALL_PRINT.search(text, 0, header) else "licence"
        yield Segment(kind=kind, start=0, end=header)
    # "End of Project Gutenberg's Emma, Part 1": where the volumes of a work were joined to one file.
    for line in markers.END_LINE.finditer(text, header, footer):
        yield Segment(kind="licence", start=line.start(), end=_line_end(text, line.end()))


def _header_end(text: str, limit: int) -> int:
    """Where the book begins: after the last start marker near the top, else after a header that has no marker."""
    # The last, because a file may have both the small print and a start marker.
    starts = list(markers.START.finditer(text, 0, min(limit, MAX_FRAME)))
    if starts:
        return min(_line_end(text, starts[-1].end()), limit)
    # "The Project Gutenberg EBook of Emma ... Title: Emma ... Language: English", and then the book.
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
    region = max(0, end - END_LINE_DISTANCE) if certain else max(0, len(text) - MAX_FRAME)
    for line in markers.END_LINE.finditer(text, region, end):
        rest = text[line.end() : end]
        # Without the certain marker, an end line counts only if nothing but the licence follows: it may also be one
        # between two volumes.
        if certain or not rest.strip() or markers.LICENCE.search(rest):
            return _line_start(text, line.start())
    return _line_start(text, end) if certain else len(text)


def _credits(text: str, start: int, end: int) -> Iterator[Segment]:
    """Production credits, "Produced by An Anonymous Volunteer": the first paragraphs of the book.

    The first paragraph of another kind ends the search, because the same words inside a book are the author's. Only a
    transcriber's note may come between two credits.
    """
    for paragraph in PARAGRAPH.finditer(text, start, end):
        words = paragraph[0]
        if markers.NOTE_LINE.match(words):
            continue
        certain = markers.CREDITS.match(words)
        # "Special thanks to ..." is a credit if it also mentions e-texts or scanning; else it may be the author's.
        if not certain and not (markers.AMBIGUOUS_CREDITS.match(words) and markers.TRADE.search(words)):
            return
        if words.count("\n") > MAX_CREDIT_LINES:
            return
        yield Segment(kind="credits", start=paragraph.start(), end=_skip_blank_lines(text, paragraph.end(), end))


def _transcriber_notes(text: str, start: int, end: int) -> Iterator[Segment]:
    """A transcriber's notes, "TRANSCRIBER'S NOTE: Italics are _so_.", near the top and near the bottom of the book."""
    # At the top, the book follows: a note ends at the next gap.
    for heading in markers.NOTE_LINE.finditer(text, start, min(end, start + NOTE_REGION)):
        yield Segment(kind="transcriber_notes", start=heading.start(), end=_note_end(text, heading.start(), end))
    # At the bottom nothing follows: a note extends to the end. It is searched in the last fifth at most, so that in a
    # short text a note at the top is not taken for one at the bottom.
    bottom = max(start + (end - start) * 4 // 5, end - NOTE_REGION)
    if last := markers.NOTE_LINE.search(text, bottom, end):
        yield Segment(kind="transcriber_notes", start=last.start(), end=end)


def _note_end(text: str, start: int, limit: int) -> int:
    """The end of a note that begins at `start`: the gap after its first words."""
    paragraph = PARAGRAPH.match(text, start, limit)
    assert paragraph is not None
    first = paragraph.end()
    # A heading alone on its line: the note is what comes after it, even if a gap comes before.
    if paragraph[0].count("\n") <= 1 and len(paragraph[0].strip()) < MAX_HEADING:
        following = PARAGRAPH.search(text, first, limit)
        first = following.end() if following else first
    gap = GAP.search(text, first - 1, limit)
    return _skip_blank_lines(text, gap.start() + 1 if gap else limit, limit)


def _bracketed_parts(text: str, start: int, end: int) -> Iterator[Segment]:
    """Captions and notes in brackets, such as "[Illustration: Mr. Bennet]" and "[Transcriber's note: ...]".

    They may contain brackets and several lines, but must fill their lines: in "He saw [Illustration: a ship] at sea",
    removing the bracket would remove words of the book.
    """
    for kind, pattern in (("illustrations", markers.ILLUSTRATION), ("transcriber_notes", markers.BRACKETED_NOTE)):
        position = start
        while opening := pattern.search(text, position, end):
            close = _closing_bracket(text, opening.start(), end)
            position = opening.end()
            line_end = _line_end(text, close) if close else 0
            if close and not text[close:line_end].strip():
                yield Segment(kind=kind, start=opening.start(), end=_skip_blank_lines(text, line_end, end))
                position = line_end


def _closing_bracket(text: str, start: int, limit: int) -> int:
    """The position after the bracket that closes the first one from `start`; 0 when it is not near.

    >>> text = "[Illustration: A [_Copyright_]] End"
    >>> text[: _closing_bracket(text, 0, len(text))]
    '[Illustration: A [_Copyright_]]'
    """
    depth = 0
    for bracket in BRACKET.finditer(text, start, min(limit, start + MAX_BRACKET)):
        depth += 1 if bracket[0] == "[" else -1
        if depth == 0:
            return bracket.end()
    return 0


def _book_parts(text: str, start: int, end: int) -> Iterator[Segment]:
    """Contents, prefaces, index and footnotes. All are guessed by heading and shape, and are removed only on request.

    Each heading is searched only where such a part is usual, because its word also occurs as a title of a chapter.
    """
    length = end - start
    # Contents: in the first tenth, up to the first prose.
    if heading := markers.CONTENTS_HEADING.search(text, start, start + length // 10):
        after = _prose_start(text, _line_end(text, heading.end()), end)
        yield Segment(kind="contents", start=heading.start(), end=after)
    # A preface: in the first fifth, up to the first chapter, which must begin in the first third.
    heading = markers.PREFACE_HEADING.search(text, start, start + length // 5)
    third = start + length // 3
    if heading and (chapter := markers.CHAPTER_HEADING.search(text, heading.end(), third)):
        yield Segment(kind="prefaces", start=heading.start(), end=chapter.start())
    # An index: in the last fifth, up to the end.
    if heading := markers.INDEX_HEADING.search(text, start + length * 4 // 5, end):
        yield Segment(kind="index", start=heading.start(), end=end)
    # Footnotes under a heading: after any chapter.
    for heading in markers.FOOTNOTES_HEADING.finditer(text, start, end):
        after = _footnotes_end(text, _line_end(text, heading.end()), end)
        yield Segment(kind="footnotes", start=heading.start(), end=after)
    # A footnote by itself: a paragraph that begins with "[1]", anywhere.
    for note in markers.FOOTNOTE.finditer(text, start, end):
        if paragraph := PARAGRAPH.match(text, note.start(), end):
            yield Segment(kind="footnotes", start=note.start(), end=_skip_blank_lines(text, paragraph.end(), end))


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
    return _skip_blank_lines(text, end, limit)


def _line_start(text: str, position: int) -> int:
    """The start of the line that contains `position`."""
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str, position: int) -> int:
    """The position after the next line end, from `position`.

    >>> _line_end("EMMA\\nby", 2), _line_end("EMMA\\nby", 6)
    (5, 7)
    """
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def _skip_blank_lines(text: str, position: int, limit: int) -> int:
    """The start of the next line that is not blank, from `position`; `limit` when there is none before it.

    >>> _skip_blank_lines("EMMA\\n\\n  by", 5, 10)
    6
    """
    filled = FILLED_LINE.search(text, position, limit)
    return filled.start() if filled else limit
