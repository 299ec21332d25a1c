"""Text and tables in Markdown, for the model card, and text in the programs that it shows."""

import json
import re
from collections.abc import Iterable

from poet.terminal import printable

# Everything that Markdown or HTML could take for a mark inside of a line. A backslash makes it a plain character. The
# colon, and the dot after www, are those of an address, which would become a link; GitHub makes one of both.
_MARKS = re.compile(r"([\\`*_\[\]#|~<>&$@:]|(?<=www)\.)", re.IGNORECASE)


def plain(text: str) -> str:
    r"""`text` in one line of Markdown that shows it as it is, also in a table.

    >>> print(plain("[A|B]\n<script>"))
    \[A\|B\] \<script\>
    >>> print(plain("www.evil.example"))
    www\.evil.example
    """
    return _MARKS.sub(r"\\\1", " ".join(printable(text).split()))


def python_string(text: str) -> str:
    r"""`text` as a program in Python has it, in one line.

    >>> print(python_string("my 😀 poet"), python_string("a\n```"))
    "my 😀 poet" 'a\n```'
    """
    # JSON has the quotes that a program has. What it escapes beyond U+FFFF, Python would read as two characters.
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are Markdown.

    >>> print(table(["book", "characters"], [["Emma", "887,000"]]))
    | book | characters |
    | --- | --- |
    | Emma | 887,000 |
    """
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
