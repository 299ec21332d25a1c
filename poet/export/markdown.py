"""Text and tables in Markdown, for the model card."""

import re
from collections.abc import Iterable

from poet.terminal import printable

# Everything that Markdown or HTML could take for a mark inside of a line. A backslash makes it a plain character; the
# colon is that of an address, which would become a link.
_MARKS = re.compile(r"([\\`*_\[\]#|~<>&$@:])")


def plain(text: str) -> str:
    r"""`text` in one line of Markdown that shows it as it is, also in a table.

    >>> print(plain("[A|B]\n<script>"))
    \[A\|B\] \<script\>
    """
    return _MARKS.sub(r"\\\1", " ".join(printable(text).split()))


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
