"""What MLflow shows of one run: a note with its verdict, and the report as a page that stands alone."""

import re
import unicodedata

# Characters of a sample in the note.
SAMPLE_CHARACTERS = 600

# The tab, and the two joiners with which Persian, Indian scripts and emoji are spelled.
KEPT = "\t\u200c\u200d"

# A link to a file beside the page: its address has no scheme and is no place in the page itself.
_RELATIVE_LINK = re.compile(r'<a\b[^>]*\bhref="(?![#"]|[a-zA-Z][\w+.-]*:)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)


def run_note(verdict: str, sample: str, model_sha256: str) -> str:
    """The note of a run in Markdown: its verdict in plain sentences, how it writes, how to make it again."""
    text = sample if len(sample) <= SAMPLE_CHARACTERS else f"{sample[:SAMPLE_CHARACTERS]} ..."
    return (
        f"{verdict}\n\nIts first sample:\n\n{fenced(text)}\n\n"
        f"To make it again:\n\n{fenced(f'poet runs reproduce {model_sha256[:8]}')}\n"
    )


def fenced(text: str) -> str:
    """`text` as a block of Markdown that shows it as it is: its fence is longer than any row of backticks in it.

    >>> print(fenced("a ``` b"))
    ````text
    a ``` b
    ````
    """
    rows = re.findall(r"`+", text)
    fence = "`" * max(3, 1 + max(map(len, rows), default=0))
    # Every line end that Markdown knows becomes a plain one, and a control character cannot hide what follows it.
    lines = ("".join(map(_visible, line)) for line in text.splitlines())
    return "\n".join([f"{fence}text", *lines, fence])


def _visible(char: str) -> str:
    """`char`, a blank for a wider one, or nothing for one that shows nothing.

    >>> [_visible(char) for char in ("a", "\\N{IDEOGRAPHIC SPACE}", "\\x1b", "\\N{RIGHT-TO-LEFT OVERRIDE}")]
    ['a', ' ', '', '']
    """
    if unicodedata.category(char) == "Zs":
        return " "
    return char if char in KEPT or char.isprintable() else ""


def standalone(page: str) -> str:
    """`page` without links to files beside it, of which MLflow has none: their words stay.

    >>> standalone('<a class="up" href="../index.html">All</a> <a href="#copying">Copying</a>')
    '<span>All</span> <a href="#copying">Copying</a>'
    """
    return _RELATIVE_LINK.sub(r"<span>\1</span>", page)
