"""Runs of complete lines: a segment of a text, its paragraphs and gaps, and the ends of its lines."""

import re
from dataclasses import dataclass

# One or more lines in a row that are not blank.
PARAGRAPH = re.compile(r"(?:^[^\S\n]*\S[^\n]*(?:\n|\Z))+", re.MULTILINE)

# Two blank lines or more: Gutenberg separates the parts of a book by them, and paragraphs by one.
GAP = re.compile(r"\n(?:[^\S\n]*\n){2,}")

FILLED_LINE = re.compile(r"^[^\S\n]*\S", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Segment:
    """`text[start:end]` is of `kind`, one of poet.cleaning.segments.KINDS."""

    kind: str
    start: int
    end: int


def line_start(text: str, position: int) -> int:
    """The start of the line that contains `position`."""
    return text.rfind("\n", 0, position) + 1


def line_end(text: str, position: int) -> int:
    """The position after the next line end, from `position`.

    >>> line_end("EMMA\\nby", 2), line_end("EMMA\\nby", 6)
    (5, 7)
    """
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def skip_blank_lines(text: str, position: int, limit: int) -> int:
    """The start of the next line that is not blank, from `position`; `limit` when there is none before it.

    >>> skip_blank_lines("EMMA\\n\\n  by", 5, 10)
    6
    """
    filled = FILLED_LINE.search(text, position, limit)
    return filled.start() if filled else limit


def is_ornament(line: str) -> bool:
    """Whether `line` has neither a letter nor a digit: blank, or a rule such as "*  *  *".

    >>> is_ornament("  *   *   *"), is_ornament("I")
    (True, False)
    """
    return not any(character.isalnum() for character in line)


def skip_ornaments_back(text: str, position: int, limit: int) -> int:
    """The start of the rules directly before the line start `position`, at least `limit`; `position` without any.

    >>> text = "THE END\\n\\n * * *\\n\\nNotes"
    >>> text[skip_ornaments_back(text, 17, 0) :]
    ' * * *\\n\\nNotes'
    """
    top = position
    while position > limit:
        previous = line_start(text, position - 1)
        line = text[previous:position]
        if previous < limit or not is_ornament(line):
            break
        position = previous
        if line.strip():
            top = position
    return top
