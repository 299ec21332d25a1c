"""Transcribers' notes without brackets: found by their words and by their place, near either end of a book."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from poet.cleaning import note_markers as markers
from poet.cleaning.lines import (
    GAP,
    PARAGRAPH,
    Segment,
    is_ornament,
    line_end,
    line_start,
    skip_blank_lines,
    skip_ornaments_back,
)
from poet.cleaning.markers import CHAPTER_HEADING

# A transcriber's note is searched in this many characters at each end of a book.
NOTE_REGION = 20_000

# A note at the top that is longer than this has no end that can be found; only its first paragraph is taken.
MAX_NOTE = 8_000

# A bracket that closes where the book ends may be as long as this: a list of corrections.
MAX_LAST_BRACKET = 40_000

# A note in brackets about the marks of type stands in this many characters, above the title.
ABOVE_TITLE = 2_000

# A heading alone, without the note itself, is shorter than this.
MAX_HEADING = 80

# As many capital letters are the initials of a transcriber below a note; more are a title.
MAX_INITIALS = 3

# The rest of a line on which the note follows its heading: ": The spelling was kept."
GOES_ON = re.compile(r"[ \t_*=]*[:.—–-][ \t_*=:.—–-]*\w")

# A bracket with corrections has at least this many line ends.
LINES_OF_CORRECTIONS = 3

# Remarks on the printed book stand in the first paragraphs below their heading.
REMARKS = 3
# "1. ", "[1]", "Page 12", "S. 3": the first words of an author's or editor's notes.
NUMBERED = re.compile(r"\W*(?:\d|\[?[ivxlc]+[.\])]|(?:page|p|pag|pág|seite|s|blz|sid|lk)\.? ?\d)", re.IGNORECASE)

KIND = "transcriber_notes"


def transcriber_notes(text: str, start: int, end: int, credit_ends: Sequence[int]) -> Iterator[Segment]:
    """A transcriber's notes, "TRANSCRIBER'S NOTE: Italics are _so_.", near the top and near the bottom of the book.

    The book is `text[start:end]`; its leading credits end at `credit_ends`. A text without header and credits has
    notes only if they say so in a heading: its own first words may be "This e-book is about".
    """
    opening = markers.NOTE_OPENING if start or credit_ends else markers.NOTE_LINE
    yield from _top_notes(text, start, end, opening)
    # Behind the header, and behind each credit: a note may stand between two of them.
    for place in dict.fromkeys([*credit_ends] or [start]) if start else ():
        first = skip_blank_lines(text, place, end)
        if note_end := _note_without_heading(text, first, end, has_credits=start < place):
            yield Segment(kind=KIND, start=first, end=note_end)
    yield from _bottom_notes(text, start, end, opening)
    yield from _japanese_signs(text, start, end)


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
        found = [
            _next_note(text, bottom, searched, opening),
            _transcribers_errata(text, bottom, searched, end),
            _table_of_characters(text, bottom, searched, end),
            # Without a header, the last notes of a text are the author's.
            _remarks_on_the_print(text, bottom, searched, end) if start else None,
        ]
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


def _note_without_heading(text: str, start: int, end: int, *, has_credits: bool) -> int:
    """The end of a note right behind header and credits that has no heading: it says what was corrected and kept, or
    speaks of Project Gutenberg's e-texts. Without credits, only the latter is certain.

    0 when what begins at `start` is the book.
    """
    gap = GAP.search(text, start, min(end, start + MAX_NOTE))
    if gap is None:
        return 0
    words = text[start : gap.start()]
    for paragraph in PARAGRAPH.finditer(words):
        kept = markers.MATTER.search(paragraph[0]) and markers.DEED.search(paragraph[0])
        key = len(paragraph[0]) < MAX_HEADING and markers.MARKS_OF_TYPE.search(paragraph[0])
        certain = markers.PROJECTS_WORDS.search(paragraph[0]) or markers.NOTE_BEHIND.search(paragraph[0])
        if certain or (has_credits and (kept or key)):
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


def _remarks_on_the_print(text: str, start: int, searched: int, end: int) -> int | None:
    """The start of notes below a plain heading, "Noteringar", that say what was kept of the printed book.

    None when there are none. The notes of an editor are longer, or begin with a number or a page.
    """
    heading = markers.PLAIN_HEADING.search(text, max(start, end - MAX_NOTE), searched)
    if heading is None:
        return None
    words = "".join(each[0] for each in _first_paragraphs(text, heading.end(), end, REMARKS))
    of_print = markers.PRINTED_BOOK.search(words) and markers.MATTER.search(words) and markers.DEED.search(words)
    return heading.start() if of_print and not NUMBERED.match(words) else None


def _table_of_characters(text: str, start: int, searched: int, end: int) -> int | None:
    """The start of a table that names the characters of the file; None when there is none."""
    heading = markers.CHARACTERS_HEADING.search(text, start, searched)
    if heading is None or not markers.CHARACTERS.search(text, heading.end(), end):
        return None
    return heading.start()


def _first_paragraphs(text: str, start: int, end: int, number: int) -> Iterator[re.Match[str]]:
    return islice(PARAGRAPH.finditer(text, start, end), number)


def _japanese_signs(text: str, start: int, end: int) -> Iterator[Segment]:
    """The explanation of the signs of a Japanese text, near the top, and the lines that are nothing but such a sign."""
    table = markers.SIGNS_OF_JAPANESE.search(text, start, min(end, start + NOTE_REGION))
    if table is None or not markers.SIGNS.search(table[0]):
        return
    yield Segment(kind=KIND, start=table.start(), end=skip_blank_lines(text, line_end(text, table.end()), end))
    for sign in markers.SIGN_OF_SETTING.finditer(text, table.end(), end):
        yield Segment(kind=KIND, start=sign.start(), end=line_end(text, sign.end()))


def last_bracket(text: str, start: int, end: int) -> dict[int, int]:
    """The line and the place of the bracket at the start of a line, below a gap, that closes where the book ends.

    Empty without one. Footnotes and remarks of the author's do not follow a gap.
    """
    bottom = len(text[:end].rstrip())
    if bottom <= start or text[bottom - 1] != "]":
        return {}
    depth = 0
    for bracket in reversed(list(re.finditer(r"[\[\]]", text[max(start, bottom - MAX_LAST_BRACKET) : bottom]))):
        depth += 1 if bracket[0] == "]" else -1
        if not depth:
            opening = max(start, bottom - MAX_LAST_BRACKET) + bracket.start()
            line = line_start(text, opening)
            alone = not text[line:opening].strip() and text[max(0, line - 3) : line] == "\n\n\n"
            return {line: opening} if alone else {}
    return {}


def is_transcribers(text: str, start: int, end: int, book_start: int, book_end: int) -> bool:
    """Whether the bracket `text[start:end]` at either end of a book is a note of who transcribed it.

    It speaks of electronic texts; above the title, of how type is marked; at the end, of what was changed in the print.
    """
    if markers.ELECTRONIC_WORDS.search(text, start, end):
        return True
    if start < book_start + ABOVE_TITLE and markers.MATTER.search(text, start, end):
        return markers.DEED.search(text, start, end) is not None
    if book_end - end > MAX_NOTE or text[end:book_end].strip() or text.count("\n", start, end) < LINES_OF_CORRECTIONS:
        return False
    of_print = markers.PRINTED_BOOK.search(text, start, end)
    return bool(of_print and markers.CHANGED.search(text, start, end))
