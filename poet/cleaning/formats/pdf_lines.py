"""From the lines on the pages of a PDF to paragraphs: heads, feet and page numbers dropped, divided words joined."""

import itertools
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from poet.cleaning.formats.lines import blank_between

# How many lines from the top and from the bottom of a page may be running heads, feet or page numbers.
# When some are found, as many are looked at again, this often.
EDGE, PASSES = 3, 3

# A running head or foot is on at least this many pages, and on this share of those from its first to its last: a head
# of left pages only is on half of them, a few of which begin a chapter and have none.
RECURS, SHARE = 3, 0.4

# A page number alone in its line: "12", "- 12 -", "[xii]", "Page 12", "12 / 300". Capitals may be a chapter's number.
PAGE_NUMBER = re.compile(
    r"[\W_]*(?:page|seite|p\.|s\.|str\.|с\.|стр\.)?\s*(\d{1,5}|[ivxlc]{1,8})(?:\s*(?:/|of|von|de|sur|di|из)\s*\d{1,5})?[\W_]*",
    re.IGNORECASE,
)

# The number of a line in a margin, "33" or, at a foot, "33S" or "S33"; what such numbers may count by; how many make a
# column.
LINE_NUMBER, LINE_STEPS, COLUMN = re.compile(r"[A-Z]?(\d{1,3})[A-Z]?"), (1, 5, 10), 5

# The gap above a paragraph, in usual distances of lines; the indentation of its first line, in points; a change of the
# size of the letters, as at a heading.
GAP, INDENTATION, RESIZED = 1.35, 5.0, 1.15

# A line was wrapped if the first word of the next would have made it longer than this share of the usual width. Not 1:
# widths are counted in characters, of which some are narrow.
WRAPPED = 0.9

SENTENCE_END = re.compile(r"""[.!?…。！？:;]["'”’»)\]]*$""")
LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
# What fonts without a table of characters give; no text has it.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line on a page: its text, its left end and height on the page, and the size of its letters, in points."""

    text: str
    left: float
    height: float
    size: float


def lines_to_text(pages: Sequence[Sequence[Line]]) -> str:
    """The paragraphs on `pages`, separated by an empty line."""
    kept = _without_edges(_without_line_numbers(pages))
    if not any(kept):
        kept = [list(page) for page in pages]  # pages that are all alike have no heads
    lines = [line for page in kept for line in page]
    if not lines:
        return ""
    # The most frequent distance of two lines, in half points; no distance of raised characters on one line.
    pairs = [pair for page in kept for pair in itertools.pairwise(page)]
    gaps = [round(2 * (a.height - b.height)) / 2 for a, b in pairs if a.height - b.height > 0.5 * a.size]
    leading = min(statistics.multimode(gaps), default=0.0)
    # Nearly the longest line: a few run over the margin.
    width = sorted(len(line.text) for line in lines)[min(int(0.95 * len(lines)), len(lines) - 1)]
    words = Counter(re.findall(r"\w+(?:-\w+)*", " ".join(line.text for line in lines).lower()))
    text = [lines[0].text]
    before = None
    for page in kept:
        for place, line in enumerate(page):
            if before is not None:
                _append(text, before, line, _separator(before, line, leading, width, same_page=place > 0), words)
            before = line
    # A soft hyphen elsewhere than at a line end is only a hint where to divide.
    return CONTROLS.sub("", "".join(text).translate(LIGATURES).replace("\u00ad", ""))


def _separator(before: Line, line: Line, leading: float, width: int, *, same_page: bool) -> str:
    """What separates `line` from the one `before` it: "" (a wrapped line), a line end, or an empty line."""
    wrapped = len(before.text) + 1 + len(line.text.split()[0]) > WRAPPED * width
    resized = max(before.size, line.size) > RESIZED * min(before.size, line.size)
    if resized:
        return "\n\n"
    if not same_page or line.height > before.height:
        # The next page or column, where the gap says nothing.
        return "" if wrapped or (line.text[0].islower() and not SENTENCE_END.search(before.text)) else "\n\n"
    if before.height - line.height > GAP * leading or (wrapped and line.left - before.left > INDENTATION):
        return "\n\n"
    if wrapped:
        return ""
    indented = line.left - before.left > INDENTATION and bool(SENTENCE_END.search(before.text))
    return "\n\n" if indented else "\n"


def _append(text: list[str], before: Line, line: Line, separator: str, words: Counter[str]) -> None:
    """Append `line` to `text`, whose last piece ends with the line `before`; undo the hyphen of a divided word."""
    head = re.search(r"(\w+)([-\u00ad\u2010])$", before.text)
    tail = re.match(r"\w+", line.text)
    if head and tail and tail[0][0].islower() and separator != "\n\n":
        whole, hyphened = f"{head[1]}{tail[0]}".lower(), f"{head[1]}-{tail[0]}".lower()
        # "well-" and "known": a hyphen stays if the text writes the word with it elsewhere, more often than without.
        if head[2] == "\u00ad" or words[hyphened] <= words[whole]:
            text[-1] = text[-1][:-1]
        text.append(line.text)
    elif separator:
        text += [separator, line.text]
    else:
        text += [blank_between(before.text, line.text), line.text]


def _without_line_numbers(pages: Sequence[Sequence[Line]]) -> Sequence[Sequence[Line]]:
    """`pages` without the numbers of lines in a margin: columns of numbers that are on most pages."""
    columns = [_counting_columns(page) for page in pages]
    counts = Counter(
        line.text
        for page, found in zip(pages, columns, strict=True)
        for start, end in found
        for line in page[start:end]
    )
    numbers = {text for text, count in counts.items() if count >= max(RECURS, SHARE * len(pages))}
    kept = []
    for page, found in zip(pages, columns, strict=True):
        drop = {place for start, end in found for place in range(start, end) if page[place].text in numbers}
        kept.append([line for place, line in enumerate(page) if place not in drop])
    return kept


def _counting_columns(page: Sequence[Line]) -> list[tuple[int, int]]:
    """The places (start, end) in `page` of at least COLUMN lines that count on: 1, 2, 3 or 5, 10, 15."""
    numbers = [LINE_NUMBER.fullmatch(line.text) for line in page]
    columns, start, step = [], 0, 0
    for place in range(1, len(page) + 1):
        one, two = (numbers[place - 1], numbers[place]) if place < len(page) else (None, None)
        difference = int(two[1]) - int(one[1]) if one and two else 0
        if place - start == 1:
            step = difference  # the second number of a column says by what it counts
        if difference != step or step not in LINE_STEPS:
            if place - start >= COLUMN:
                columns.append((start, place))
            start = place
    return columns


def _without_edges(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """`pages` without running heads, running feet and page numbers; a printer's lines may stand below the foot."""
    for _ in range(PASSES):
        before, pages = sum(map(len, pages)), _without_outer_edges(pages)
        if sum(map(len, pages)) == before:
            break
    return [list(page) for page in pages]


def _without_outer_edges(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """`pages` without what belongs to the page among the EDGE lines at its top and bottom."""
    top = _edge_rule([[line.text for line in page[:EDGE]] for page in pages])
    bottom = _edge_rule([[line.text for line in reversed(page[-EDGE:])] for page in pages])
    kept = []
    for number, page in enumerate(pages):
        start, end = 0, len(page)
        while start < min(EDGE, end) and top(number, page[start].text):
            start += 1
        while end > max(start, len(page) - EDGE) and bottom(number, page[end - 1].text):
            end -= 1
        kept.append(list(page[start:end]))
    return kept


def _edge_rule(edges: Sequence[Sequence[str]]) -> Callable[[int, str], bool]:
    """Whether a line at one edge of a page, given by its number, belongs to the page and not to the text."""
    places: dict[str, set[int]] = defaultdict(set)
    offsets: Counter[int] = Counter()
    for number, lines in enumerate(edges):
        for line in lines:
            places[_without_numbers(line)].add(number)
        offsets.update({value - number for line in lines if (value := _page_number(line)) is not None})
    recurring = {
        line
        for line, found in places.items()
        if line and len(found) >= RECURS and len(found) >= SHARE * (max(found) - min(found) + 1)
    }

    def belongs_to_page(number: int, line: str) -> bool:
        value = _page_number(line)
        if value is not None:
            # A page number grows with the pages; a number that stands alone otherwise may be a chapter's.
            return offsets[value - number] >= 2 or value == number + 1
        return _without_numbers(line) in recurring

    return belongs_to_page


def _without_numbers(line: str) -> str:
    """`line` as it is on other pages, too: "12 THE WHALE" and "THE WHALE 14" are the same head."""
    return re.sub(r"\d+|\b[ivxlc]+\b|[\W_]+", " ", line).strip().lower()


def _page_number(line: str) -> int | None:
    """The page number that is all of `line`; None if it is anything else.

    >>> _page_number("- 12 -"), _page_number("Page 3 of 10"), _page_number("xiv"), _page_number("XIV")
    (12, 3, 14, None)
    """
    found = PAGE_NUMBER.fullmatch(line)
    if not found:
        return None
    if found[1].isdigit():
        return int(found[1])
    return _roman(found[1]) if found[1].islower() else None


def _roman(numeral: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[letter] for letter in numeral]
    # A smaller number before a larger one is subtracted: ix.
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))
