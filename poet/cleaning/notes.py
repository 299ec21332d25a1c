"""Transcribers' notes without brackets: found by their words and by their place, near either end of a book."""

import re
from collections.abc import Iterator

from poet.cleaning import note_markers as markers
from poet.cleaning.lines import (
    GAP,
    PARAGRAPH,
    Segment,
    is_ornament,
    line_start,
    skip_blank_lines,
    skip_ornaments_back,
)
from poet.cleaning.markers import CHAPTER_HEADING

# A transcriber's note is searched in this many characters at each end of a book.
NOTE_REGION = 20_000

# A note at the top that is longer than this has no end that can be found; only its first paragraph is taken.
MAX_NOTE = 8_000

# A heading alone, without the note itself, is shorter than this.
MAX_HEADING = 80

# As many capital letters are the initials of a transcriber below a note; more are a title.
MAX_INITIALS = 3

# The rest of a line on which the note follows its heading: ": The spelling was kept."
GOES_ON = re.compile(r"[ \t_*=]*[:.—–-][ \t_*=:.—–-]*\w")

KIND = "transcriber_notes"


def transcriber_notes(text: str, start: int, end: int, credits_end: int) -> Iterator[Segment]:
    """A transcriber's notes, "TRANSCRIBER'S NOTE: Italics are _so_.", near the top and near the bottom of the book.

    The book is `text[start:end]`; its leading credits end at `credits_end`. A text without header and credits has
    notes only if they say so in a heading: its own first words may be "This e-book is about".
    """
    opening = markers.NOTE_OPENING if credits_end else markers.NOTE_LINE
    yield from _top_notes(text, start, end, opening)
    if start < credits_end and (note_end := _note_without_heading(text, credits_end, end)):
        yield Segment(kind=KIND, start=credits_end, end=note_end)
    yield from _bottom_notes(text, start, end, opening)


def _top_notes(text: str, start: int, end: int, opening: re.Pattern[str]) -> Iterator[Segment]:
    """Notes near the top. The book follows, so each ends at the next gap."""
    # What was removed does not count, so that the next note comes as near to the top as it will be in the result.
    limit = start + NOTE_REGION
    position = start
    while (note := _next_note(text, position, min(end, limit), opening)) is not None:
        position = _note_end(text, note, end)
        yield Segment(kind=KIND, start=note, end=position)
        limit += position - note


def _bottom_notes(text: str, start: int, end: int, opening: re.Pattern[str]) -> Iterator[Segment]:
    """Notes near the bottom. Nothing follows, so each extends to the end; before one, there may be another."""
    # The last fifth at most, so that in a short text a note at the top is not taken for one at the bottom.
    lowest = start + (end - start) * 4 // 5
    searched = end
    while True:
        bottom = max(lowest, end - NOTE_REGION)
        found = [_next_note(text, bottom, searched, opening), _transcribers_errata(text, bottom, searched, end)]
        note = min((each for each in found if each is not None), default=None)
        if note is None:
            return
        if _extends_to_the_end(text, note, end):
            begin = skip_ornaments_back(text, _heading_before(text, note, lowest), lowest)
            yield Segment(kind=KIND, start=begin, end=end)
            # What lies between `bottom` and the note was searched already.
            searched, end = min(bottom, begin), begin
        else:
            # A note between two chapters: the search goes on below it.
            lowest = _note_end(text, note, end)
            yield Segment(kind=KIND, start=note, end=lowest)


def _next_note(text: str, start: int, end: int, opening: re.Pattern[str]) -> int | None:
    """The start of the first line of `text[start:end]` with which a note begins.

    It begins a paragraph; in the middle of one, the same words are the author's.
    """
    while line := opening.search(text, start, end):
        before = text[line_start(text, line.start() - 1) : line.start()] if line.start() else ""
        if is_ornament(before):
            return line.start()
        start = line.end()
    return None


def _heading_before(text: str, note: int, lowest: int) -> int:
    """The start of a heading like "Au lecteur." that stands alone below a rule or a gap, before the `note`."""
    if markers.SELF_DESCRIPTION.match(text, note) and text[max(0, note - 2) : note] == "\n\n":
        heading = line_start(text, note - 2)
        above = line_start(text, heading - 2) if heading > 1 else 0
        if heading > lowest and note - heading < MAX_HEADING and is_ornament(text[above:heading]):
            return heading
    return note


def _extends_to_the_end(text: str, start: int, end: int) -> bool:
    """Whether the note at `start` near the bottom is the last of the book: no chapter follows one of a paragraph."""
    heading = markers.NOTE_LINE.match(text, start)
    if heading is None or not GOES_ON.match(text, heading.end()):
        return True
    return CHAPTER_HEADING.search(text, _note_end(text, start, end), end) is None


def _note_end(text: str, start: int, limit: int) -> int:
    """The end of a note that begins at `start`: the gap after its first words."""
    paragraph = PARAGRAPH.match(text, start, limit)
    assert paragraph is not None
    first = paragraph.end()
    # A heading alone on its line: the note is what comes after it, even if a gap comes before.
    heading = markers.NOTE_LINE.match(paragraph[0])
    if heading and _is_heading(paragraph[0]) and not GOES_ON.match(paragraph[0], heading.end()):
        following = PARAGRAPH.search(text, first, limit)
        first = following.end() if following else first
    gap = GAP.search(text, first - 1, min(limit, first + MAX_NOTE))
    if gap is None and limit - first > MAX_NOTE:
        return skip_blank_lines(text, first, limit)
    end = gap.start() + 1 if gap else limit
    # "EMMA": a title in capitals, after one blank line, is the book's.
    for paragraph in PARAGRAPH.finditer(text, first, end):
        if _is_title(paragraph[0]):
            return paragraph.start()
    return skip_blank_lines(text, end, limit)


def _is_heading(paragraph: str) -> bool:
    """Whether `paragraph` is one short line."""
    return paragraph.count("\n") <= 1 and len(paragraph.strip()) < MAX_HEADING


def _is_title(paragraph: str) -> bool:
    """Whether `paragraph` is in capitals like a title, and neither a part of a note, "IMAGES:", nor initials, "DW".

    >>> _is_title("EMMA"), _is_title("IMAGES:"), _is_title("Errata"), _is_title("DW")
    (True, False, False, False)
    """
    letters = sum(character.isalpha() for character in paragraph)
    part = paragraph.rstrip().endswith(":") or markers.ERRATA_HEADING.match(paragraph)
    return paragraph.isupper() and letters > MAX_INITIALS and not part


def _note_without_heading(text: str, start: int, end: int) -> int:
    """The end of a note right behind the credits that has no heading: one that says what was corrected and kept.

    0 when what begins at `start` is the book.
    """
    gap = GAP.search(text, start, min(end, start + MAX_NOTE))
    if gap is None:
        return 0
    words = text[start : gap.start()]
    for paragraph in PARAGRAPH.finditer(words):
        if markers.MATTER.search(paragraph[0]) and markers.DEED.search(paragraph[0]):
            return skip_blank_lines(text, gap.end(), end)
        # The first paragraph decides, or the second below "Au lecteur."
        if paragraph.start() or not _is_heading(paragraph[0]):
            break
    return 0


def _transcribers_errata(text: str, start: int, searched: int, end: int) -> int | None:
    """The start of a list of errata that the transcriber made; None when there is none, or it is the author's."""
    heading = markers.ERRATA_HEADING.search(text, start, searched)
    if heading is None:
        return None
    # The list, which ends at a gap, shows whose errata these are.
    first = PARAGRAPH.search(text, heading.end(), end)
    gap = GAP.search(text, first.end() - 1, end) if first else None
    evidence = markers.TRANSCRIBERS_ERRATA.search(text, heading.end(), gap.start() if gap else end)
    return heading.start() if evidence else None
