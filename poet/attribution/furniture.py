"""The furniture of books: what stands in a text without being running text.

A play is full of speaker names, stage directions and the headings of its scenes. Whoever writes a play repeats them, so
they say nothing of copying: "[Exit] ACT III SCENE I." is a long match and no finding. All that remains is the running
text. These lines are furniture:

- headings (`poet.attribution.headings`), and short lines alone between blank lines that end without punctuation, as
  titles do;
- short lines that one book repeats: speaker names, "[Exit]", refrains. A refrain is not copied, it is quoted;
- short lines in capitals at the start of a block: names that a model invents, or that speak only once;
- directions in brackets wherever they are; whole lines in parentheses or underscores; "Enter Hamlet", "Exeunt all".

No line of more than ENTRANCE_LENGTH characters is furniture as a whole: it is a paragraph, whatever it begins with.

A name before a speech on the same line ("SOCRATES: Yes.") is furniture too, if the book repeats it. So is the white
space beside furniture.

`find_furniture` learns what the books of a collection repeat; `Furniture.running` judges any text by it: books, human
text and samples by the same rule. No list of words knows a book.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from poet.attribution.headings import heading_lines

# The most characters of a line that a book can repeat as furniture. Names and headings are shorter; a line of prose or
# of verse is longer as a rule.
SHORT = 40

# A line is repeated if one book has it this often. Twice may be chance: "Ay, my lord." in a long play.
REPEATED = 3

# Lines alone between blank lines are titles, unless more than this share of a book's lines are: then that is how the
# book sets its text (a poem with a blank line after each line).
MOST_TITLES = 0.1

# The share of capitals among the cased letters of a speaker's name, and the least number of letters.
CAPITALS, LEAST_LETTERS = 0.8, 2

# A direction is a sentence or two. Longer brackets hold notes, which are running text. A bracket that is still open at
# the end of the text counts, because samples and human passages end anywhere.
DIRECTION = re.compile(r"[\[［〔](?:[^\[\]［］〔〕\n]|\n(?![^\S\n]*\n)){0,300}(?:[\]］〕]|\Z)")

# Whole lines that some books set as directions; inside a line, the same marks are emphasis or asides.
ENCLOSED = re.compile(r"[(（][^()（）]{1,100}[)）][.]?|_[^_]{1,100}_[.]?|\*[^*]{1,100}\*[.]?")

# How English plays without brackets say who comes and who goes. "Exit" begins prose too ("Exit polls say so."): in a
# direction, a mark or a name follows, with nothing before it but such words as "all but". A line that goes on after the
# name, with no end, is prose that is set in lines.
ENTERS = re.compile(r"(?:Re-?)?[Ee]nter,? (?:the |an? )?[A-Z\[]|ENTER ")
LEAVES = re.compile(
    r"(?:Exit|Exeunt|EXIT|EXEUNT|Manet|Manent)\b"
    r"(?:,? (?:the|an?|all|both|some|but|save|except|with|omnes|severally|together|above|below|within)\b)*"
    r"(?:\W*\Z|[,.:;]| [A-Z\[])"
)
ENTRANCE_LENGTH = 120

# A name before a speech on the same line: in capitals with a full stop or a colon, or in any letters with a colon.
NAME = re.compile(r"(?P<name>[^\W\d_][^\n.:!?,;\"“”]{1,29})(?:(?P<colon>:)|\.)(?=\s)")


@dataclass(frozen=True)
class Line:
    """A line of a text: the characters [start, end) without the white space around them.

    `opens` says that it is the first of a block, `alone` that it is a whole block.
    """

    start: int
    end: int
    text: str
    opens: bool
    alone: bool


@dataclass(frozen=True)
class Furniture:
    """What the books of a collection repeat: whole `lines`, and `names` before a speech, as `_key` makes them equal.

    Without books, only the shapes of lines count.
    """

    lines: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def running(self, text: str, before: str = "") -> NDArray[np.bool_]:
        """Which characters of `text` are running text: (len(text),). `before` is the text that it follows.

        >>> text = "ACT I\\n\\n[Enter FOOL]\\n\\nFOOL\\nNuncle."
        >>> "".join(character for character, runs in zip(text, Furniture().running(text)) if runs)
        'Nuncle.'
        """
        whole = before + text
        running = np.ones(len(whole), dtype=bool)
        for start, end in self._places(whole):
            start, end = _with_white_space(whole, start, end)
            running[start:end] = False
        return running[len(before) :]

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        """The (start, end) of all furniture in `text`, in any order."""
        for heading in heading_lines(text):
            # A paragraph can be one line, and begin like a heading: "Part one of the plan was ..."
            if heading.end("line") - heading.start("line") <= ENTRANCE_LENGTH:
                yield heading.span("line")
        for direction in DIRECTION.finditer(text):
            yield direction.span()
        for line in _lines(text):
            # The name first: "HAM. Ay." has as many capitals as a name alone.
            if (name := NAME.match(line.text)) and _key(name.group()) in self.names:
                yield line.start, line.start + name.end()
            elif len(line.text) <= ENTRANCE_LENGTH and (_has_shape(line) or _key(line.text) in self.lines):
                yield line.start, line.end


def find_furniture(books: Iterable[str]) -> Furniture:
    """What each of `books`, the texts of a collection, repeats; one is in memory at a time."""
    lines: set[str] = set()
    names: set[str] = set()
    for text in books:
        repeated, before_speeches, titles, count = Counter[str](), Counter[str](), set[str](), 0
        for line in _lines(text):
            count += 1
            # A line of hard-wrapped prose that ends a paragraph begins small: "of it."
            if len(line.text) <= SHORT and not line.text[0].islower():
                repeated[_key(line.text)] += 1
                if line.alone and line.text[-1].isalnum() and not _has_shape(line):
                    titles.add(_key(line.text))
            name = NAME.match(line.text)
            if name and (name["colon"] or _in_capitals(name["name"])) and not name.group()[0].islower():
                before_speeches[_key(name.group())] += 1
        lines |= {key for key, times in repeated.items() if times >= REPEATED}
        names |= {key for key, times in before_speeches.items() if times >= REPEATED}
        if len(titles) <= MOST_TITLES * count:
            lines |= titles
    # A line of nothing but marks, such as * * *, has an empty key.
    return Furniture(frozenset(lines), frozenset(names))


def _lines(text: str) -> Iterator[Line]:
    """The lines of `text` that are not blank."""
    opens, start = True, 0
    lines = text.split("\n")
    for number, raw in enumerate(lines):
        stripped = raw.strip()
        if stripped:
            begin = start + raw.index(stripped[0])
            ends_block = number + 1 == len(lines) or not lines[number + 1].strip()
            yield Line(begin, begin + len(stripped), stripped, opens, opens and ends_block)
        opens = not stripped
        start += len(raw) + 1


def _key(line: str) -> str:
    """What is equal in the same line elsewhere: without the marks at its end, and with single blanks.

    >>> _key("KING  LEAR."), _key("* * *")
    ('KING LEAR', '* * *')
    """
    return " ".join(line.split()).rstrip(".:,;") or line


def _has_shape(line: Line) -> bool:
    """Whether a line is furniture by its shape, whatever its words are."""
    if ENCLOSED.fullmatch(line.text) or (ENTERS.match(line.text) and line.text[-1] not in "!?,"):
        return True
    ends = line.text[-1] in ".)]_" or (len(line.text) <= SHORT and line.text[-1] not in "!?,")
    if ends and LEAVES.match(line.text):
        return True
    return line.opens and len(line.text) <= SHORT and _in_capitals(line.text)


def _in_capitals(text: str) -> bool:
    """Whether `text` is a name in capitals; what is in parentheses after it does not count.

    >>> _in_capitals("DON JOHN"), _in_capitals("FAUST (leise):"), _in_capitals("I"), _in_capitals("東")
    (True, True, False, False)
    """
    letters = [letter for letter in text.partition("(")[0] if letter.isupper() or letter.islower()]
    return len(letters) >= LEAST_LETTERS and sum(map(str.isupper, letters)) >= CAPITALS * len(letters)


def _with_white_space(text: str, start: int, end: int) -> tuple[int, int]:
    """The characters [start, end) with the white space on either side."""
    while start > 0 and text[start - 1].isspace():
        start -= 1
    while end < len(text) and text[end].isspace():
        end += 1
    return start, end
