"""The frame of a book: licence and header before it, licence after it, and the frames between joined files."""

import re
from bisect import bisect_left
from collections.abc import Iterator

from poet.cleaning import credits, markers, note_markers
from poet.cleaning.lines import GAP, PARAGRAPH, Segment, line_end, line_start

# The longest frame on either side of a book, in characters. Licences have 19,000, the longest headers of the nineties
# about as many. A marker that is further inside belongs to the book.
MAX_FRAME = 40_000

# "End of the Project Gutenberg EBook of Emma" comes a few lines before the certain end marker: within this distance.
END_LINE_DISTANCE = 600

# A marker with a long title takes at most this many further lines.
MAX_WRAPPED_LINES = 3

# A line is wrapped if the first word of the next would have made it longer than this. Gutenberg wraps at 65 to 75.
FULL_LINE = 65

# "by James Joyce", "of A Small Town": the second line of an end line, however short the first is.
BYLINE = re.compile(r"\s*(?:by|of|von|par|de|di|por|van|av|af)\s", re.IGNORECASE)

# "End of this Project Gutenberg E-text of": the title follows on the next line.
UNFINISHED = re.compile(r"\b(?:of|by|von|de|du|di|e-?text|e-?book),?\s*$", re.IGNORECASE)

# The most characters of the project's words below an end line, such as "We are giving this etext a new number".
MAX_AFTERWORD = 2_000

# The most characters of what the project says below a header, and the most paragraphs in a row in it that mention
# neither an etext nor the project.
MAX_PREAMBLE = 8_000
MAX_PASSED = 2


def frame(text: str) -> list[Segment]:
    """Licence and small print before and after the book, and what remains of them in its middle."""
    starts = [(each.start(), _marker_end(text, each)) for each in markers.START.finditer(text)]
    ends = [(each.start(), _marker_end(text, each)) for each in markers.END.finditer(text)]
    parts = []
    closing = _closing_small_print(text, starts)
    header = _header_end(text, starts, min(closing, ends[0][0] if ends else closing))
    if closing < len(text):
        parts.append(Segment(kind="small_print", start=closing, end=len(text)))
    if header:
        kind = "small_print" if markers.SMALL_PRINT.search(text, 0, header) else "licence"
        parts.append(Segment(kind=kind, start=0, end=header))
    parts += _certain_ends(text, header, starts, ends)
    footer = min((each.start for each in parts if each.end == len(text) and each.start), default=len(text))
    if footer == len(text) and (footer := _uncertain_footer(text, header)) < len(text):
        parts.append(Segment(kind="licence", start=footer, end=len(text)))
    # "End of Project Gutenberg's Emma, Part 1": where the volumes of a work were joined to one file.
    position = header
    for line in markers.END_LINE.finditer(text, header, footer):
        start = _bookmarks_start(text, position, line.start())
        position = _wrapped_end(text, line)
        parts.append(Segment(kind="licence", start=start, end=position))
    if header and (bookmarks := _bookmarks_start(text, position, footer)) < footer:
        parts.append(Segment(kind="licence", start=bookmarks, end=footer))
    return parts


def _bookmarks_start(text: str, position: int, end: int) -> int:
    """Where the list of lines for readers to search begins which the maker of an etext put between a book and its end
    line at `end`; `end` without one."""
    bookmarks = markers.BOOKMARKS.search(text, max(position, end - MAX_FRAME), end)
    return bookmarks.start() if bookmarks else end


def _closing_small_print(text: str, starts: list[tuple[int, int]]) -> int:
    """Where the small print after the book begins, the length of the text if there is none.

    Its last line looks like a start marker, but no book follows. That marker is taken out of `starts`.
    """
    if not starts or text[starts[-1][1] :].strip():
        return len(text)
    marker, _ = starts.pop()
    above = starts[-1][1] if starts else 0
    begin = markers.CLOSING_SMALL_PRINT.search(text, max(above, marker - MAX_FRAME), marker)
    return begin.start() if begin else marker


def _header_end(text: str, starts: list[tuple[int, int]], limit: int) -> int:
    """Where the book begins: after the last start marker near the top and the header fields around it.

    Small print, a start marker and fields may follow one another, so the search goes on from what it found.
    """
    end = 0
    while True:
        # The last, because a file may have both the small print and a start marker.
        near = bisect_left(starts, (min(limit, end + MAX_FRAME), 0))
        found = max(end, min(starts[near - 1][1], limit) if near else 0)
        found = _fields_end(text, found, min(limit, found + MAX_FRAME))
        if found:
            found = _preamble_end(text, found, min(limit, found + MAX_PREAMBLE))
        if found == end:
            return end
        end = found


def _fields_end(text: str, start: int, limit: int) -> int:
    """The end of a header that has no marker, "The Project Gutenberg EBook of Emma ... Title: Emma", from `start`.

    Credits may stand between two paragraphs of the header, but do not end it.
    """
    end = start
    for paragraph in PARAGRAPH.finditer(text, start, limit):
        words = paragraph[0]
        if end == start and not (markers.HEADER_OPENING.match(words) or _begins_with_fields(text, paragraph.start())):
            return start
        if markers.HEADER_PARAGRAPH.match(words):
            end = paragraph.end()
        elif not credits.CREDITS.match(words) or words.count("\n") > credits.MAX_CREDIT_LINES:
            break
    return end


def _preamble_end(text: str, start: int, limit: int) -> int:
    """The end of what the project says, below a header that ends at `start`, of itself and of the file.

    Its first paragraph mentions an etext or the project; credits and notes have rules of their own.

    >>> text = "This is the 1.5 release of our etext.\\n\\nIt took months to find.\\n\\nEtexts are free.\\n\\nEMMA\\n"
    >>> text[_preamble_end(text, 0, len(text)) :]
    '\\nEMMA\\n'
    """
    end = last = start
    passed = 0
    # Up to the next gap, all paragraphs below such words belong to them: notes have a rule for that.
    first = next(PARAGRAPH.finditer(text, start, limit), None)
    if first and note_markers.PROJECTS_WORDS.search(first[0]):
        return start
    for paragraph in PARAGRAPH.finditer(text, start, limit):
        words = paragraph[0]
        gap = GAP.search(text, last - 1, paragraph.start()) if last else None
        last = paragraph.end()
        if markers.PREAMBLE.search(words) and not _has_own_rule(words):
            # "release of", and the title below it, which is the book's
            line = markers.RELEASE_LINE.match(words)
            end, passed = (paragraph.start() + line.end() if line else paragraph.end()), 0
        elif end == start or passed == MAX_PASSED or (gap and not markers.PREAMBLE_HEADING.match(words)):
            break
        else:
            passed += 1
    return end


def _has_own_rule(words: str) -> bool:
    """Whether the paragraph `words` is a credit or the head of a note."""
    if words.count("\n") <= credits.MAX_CREDIT_LINES and (
        credits.CREDITS.match(words) or credits.AMBIGUOUS_CREDITS.match(words) or credits.TEAM.search(words)
    ):
        return True
    return note_markers.NOTE_LINE.match(words) is not None or words.lstrip().startswith("[")


def _begins_with_fields(text: str, start: int) -> bool:
    """Whether two header fields follow one another from `start`, "Title: Emma", "Author: Jane Austen", or a host's name
    follows the first.

    One alone may be the words of a book.
    """
    first = markers.HEADER_FIELD.match(text, start)
    if not first:
        return False
    if markers.HEADER_OPENING.match(text, first.end()):
        return True
    second = markers.HEADER_FIELD.match(text, first.end())
    return second is not None and second["key"].lower() != first["key"].lower()


def _certain_ends(
    text: str, header: int, starts: list[tuple[int, int]], ends: list[tuple[int, int]]
) -> Iterator[Segment]:
    """The licences that begin with an end marker: between two joined files up to the next start marker, else at the
    end of the text."""
    position = header
    for i, (start, end) in enumerate(ends):
        if start < position:
            continue
        region = max(position, start - END_LINE_DISTANCE)
        before = markers.END_LINE.search(text, region, start)
        begin = before.start() if before else start
        following = ends[i + 1][0] if i + 1 < len(ends) else len(text)
        last = bisect_left(starts, (min(following, end + MAX_FRAME), 0)) - 1
        if last >= 0 and starts[last][0] >= end:
            end = _fields_end(text, starts[last][1], following)
        # Without a start marker, the licence must follow: else the book goes on.
        elif following - end <= MAX_FRAME and _is_licence(text, end, following, last=following == len(text)):
            end = following
        yield Segment(kind="licence", start=begin, end=end)
        position = end


def _is_licence(text: str, start: int, end: int, *, last: bool) -> bool:
    """Whether `text[start:end]`, which follows an end marker, is no part of a book; below the `last`, nothing is."""
    return last or not text[start:end].strip() or markers.LICENCE_TEXT.search(text, start, end) is not None


def _uncertain_footer(text: str, header: int) -> int:
    """Where the licence after the book begins when there is no end marker; the length of the text if there is none.

    An end line counts only if nothing but the licence follows: it may also be one between two volumes.
    """
    # Below the first line of the licence itself, nothing is the book's.
    licence = markers.LICENCE_OPENING.search(text, max(header, len(text) - MAX_FRAME))
    footer = licence.start() if licence else len(text)
    lines = list(markers.END_LINE.finditer(text, max(header, len(text) - MAX_FRAME)))
    for line in reversed(lines):
        end = _wrapped_end(text, line)
        if text[end:footer].strip() and not _is_the_projects(text, end, footer):
            break
        footer = line_start(text, line.start())
    # "[The end of Emma by Jane Austen]": Canadian hosts close a book so. Without their header it may be the author's.
    closing = markers.CANADIAN_END.search(text, max(header, footer - END_LINE_DISTANCE), footer) if header else None
    return closing.start() if closing else footer


def _is_the_projects(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, below an end line, is a licence or a short word on etexts, and no further volume.

    A word on etexts says so in its first paragraph.
    """
    if markers.LICENCE_TEXT.search(text, start, end):
        return True
    first = PARAGRAPH.search(text, start, end) if end - start <= MAX_AFTERWORD else None
    return first is not None and markers.PREAMBLE.search(first[0]) is not None


def _marker_end(text: str, marker: re.Match[str]) -> int:
    """The end of a marker: of the line with its closing stars, which may be one of the next."""
    end = line_end(text, marker.end())
    if marker[0].rstrip().endswith("*"):
        return end
    following = end
    for _ in range(MAX_WRAPPED_LINES):
        line = text[following : line_end(text, following)]
        following += len(line)
        if line.rstrip().endswith(("**", "END*")):
            return following
        if not line.strip():
            break
    return _wrapped_end(text, marker)


def _wrapped_end(text: str, line: re.Match[str]) -> int:
    """The end of `line`, or of the next lines if its words go on there and a blank line follows soon.

    >>> text = "End of the Project Gutenberg EBook of Two Latin Plays for High-School\\nStudents\\n\\nACT I"
    >>> text[_wrapped_end(text, markers.END_LINE.search(text)) :]
    '\\nACT I'
    """
    end = following = line_end(text, line.end())
    current = line[0]
    for _ in range(MAX_WRAPPED_LINES):
        further = text[following : line_end(text, following)]
        words = further.split(maxsplit=1)
        if not words:
            return following
        goes_on = UNFINISHED.search(current) or BYLINE.match(further)
        if len(current.rstrip()) + 1 + len(words[0]) <= FULL_LINE and not goes_on:
            break
        current = further
        following += len(further)
    return end
