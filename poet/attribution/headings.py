"""The headings of a book: a page names the chapter, or the act and scene, that a passage is found in.

A heading is no running text either (`poet.attribution.furniture`).
"""

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass

# A number of a heading: digits, a roman numeral, or a word.
NUMBER = (
    r"(?:\d+|[ivxlc]+|(?:the\s+)?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|first|second|third|"
    r"fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|last))\b"
)
# A heading is a line at the start of the text or after a blank line. It begins with a word of structure and a number
# ("Act II"; without the number, prose such as "book from a shelf" would match), or it is one of a few words, or a roman
# numeral in capitals. Group `outer` are the headings of large parts, which contain the others.
HEADING = re.compile(
    r"(?:\A|\n[ \t]*\n)[ \t]*(?P<line>"
    rf"(?P<outer>(?:volume|vol\.|book|part|act)\s+{NUMBER}[^\n]*)"
    rf"|(?:chapter|scene|letter|canto|section|stave)\s+{NUMBER}[^\n]*"
    r"|(?:prologue|epilogue|preface|introduction|conclusion)[ \t.]*(?=\n)"
    r"|(?-i:[IVXLC]+)\.?[ \t]*(?=\n))",
    re.IGNORECASE,
)

# The largest distance, in characters, between a heading and a passage that belongs to it. Chapters are shorter, so a
# heading further away is probably not that of the passage.
FURTHEST = 100_000
# The largest number of characters of a heading that a page shows.
WIDTH = 48


@dataclass(frozen=True)
class Headings:
    """The headings of a text: where each starts, in ascending order, and the name of the part that follows it."""

    starts: list[int]
    names: list[str]

    def before(self, place: int) -> str:
        """The name of the part that the character `place` belongs to; empty if no heading is near.

        >>> Headings([10, 500], ["CHAPTER I", "CHAPTER II"]).before(499)
        'CHAPTER I'
        """
        number = bisect.bisect_right(self.starts, place) - 1
        return self.names[number] if number >= 0 and place - self.starts[number] <= FURTHEST else ""


def find_headings(text: str) -> Headings:
    """The headings of `text`. The name of a chapter or scene includes its volume, part or act.

    >>> find_headings("PART I\\n\\nCHAPTER IV\\n\\nCall me Ishmael.").names
    ['PART I', 'PART I, CHAPTER IV']
    """
    starts, names, outer = [], [], ""
    for found in heading_lines(text):
        line = _shorten(" ".join(found["line"].split())).rstrip(".,:;")
        if found["outer"]:
            outer = line
        starts.append(found.start("line"))
        names.append(line if found["outer"] or not outer else f"{outer}, {line}")
    return Headings(starts, names)


def heading_lines(text: str) -> Iterator[re.Match[str]]:
    """The headings of `text` one after another; the group `line` of each is its line."""
    # A match ends before its line end, and the next search begins there. So the blank line after a heading can be the
    # blank line before the next one.
    position = 0
    while found := HEADING.search(text, position):
        yield found
        position = found.end()


def _shorten(line: str) -> str:
    """`line`, cut between words after at most WIDTH characters."""
    return line if len(line) <= WIDTH else line[:WIDTH].rsplit(" ", 1)[0] + " …"
