"""The headings of a book, so that a passage can be placed by chapter, or by act and scene, and not only by a share."""

import bisect
import re
from dataclasses import dataclass

NUMBER = (
    r"(?:\d+|[ivxlc]+|(?:the\s+)?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|first|second|third|"
    r"fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|last))\b"
)
# A line of its own after a blank one. The number keeps prose out ("book from a shelf"); roman numerals stand alone too.
HEADING = re.compile(
    r"(?:\A|\n[ \t]*\n)[ \t]*(?P<line>"
    rf"(?P<outer>(?:volume|vol\.|book|part|act)\s+{NUMBER}[^\n]*)"
    rf"|(?:chapter|scene|letter|canto|section|stave)\s+{NUMBER}[^\n]*"
    r"|(?:prologue|epilogue|preface|introduction|conclusion)[ \t.]*(?=\n)"
    r"|(?-i:[IVXLC]+)\.?[ \t]*(?=\n))",
    re.IGNORECASE,
)

# A heading further before a passage than this, in characters, says nothing about it; chapters are shorter.
FURTHEST = 100_000
# Characters of a heading that are shown.
WIDTH = 48


@dataclass(frozen=True)
class Headings:
    """Where the headings of a text stand, in ascending order, and what to call the text behind each."""

    starts: list[int]
    names: list[str]

    def before(self, place: int) -> str:
        """What to call the part of the text that `place` lies in; empty where no heading is near."""
        number = bisect.bisect_right(self.starts, place) - 1
        return self.names[number] if number >= 0 and place - self.starts[number] <= FURTHEST else ""


def find_headings(text: str) -> Headings:
    """The headings of `text`; a chapter or scene is named after its volume, part or act too.

    >>> find_headings("PART I\\n\\nCHAPTER IV\\n\\nCall me Ishmael.").before(30)
    'PART I, CHAPTER IV'
    """
    starts, names, outer = [], [], ""
    # A heading may directly follow another, so the blank line that ends a match also begins the next.
    position = 0
    while found := HEADING.search(text, position):
        line = " ".join(found["line"].split())
        line = line if len(line) <= WIDTH else line[:WIDTH].rsplit(" ", 1)[0] + " …"
        line = line.rstrip(".,:;")
        if found["outer"]:
            outer = line
        starts.append(found.start("line"))
        names.append(line if found["outer"] or not outer else f"{outer}, {line}")
        position = found.end()
    return Headings(starts, names)
