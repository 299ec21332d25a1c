"""From a downloaded file to the words of the book: licence, small print and stray line ends go, the rest stays as it
is.
"""

import re
from dataclasses import dataclass

from poet.corpus.decoding import decode
from poet.corpus.markdown import markdown_to_text
from poet.errors import CleaningError

# The line after which the book begins, newest house style first.
STARTS = re.compile(
    r"^(\*\*\* ?START OF (THE|THIS) PROJECT GUTENBERG.*|\*+END\*? ?THE SMALL PRINT.*|\*END THE SMALL PRINT.*)$",
    re.MULTILINE | re.IGNORECASE,
)
ENDS = re.compile(
    r"^(\*\*\* ?END OF (THE|THIS) PROJECT GUTENBERG.*"
    r"|End of (the |this )?Project Gutenberg.*"
    r"|Ende dieses Project Gutenberg.*)$",
    re.MULTILINE | re.IGNORECASE,
)
CREDITS = re.compile(
    r"\A\s*(?:(?:Produced by|E-text prepared by|This eBook was (?:produced|prepared) by|Transcribed from"
    r"|\[?Transcriber.s Note)[^\n]*(?:\n[^\n]+)*\n+)+",
    re.IGNORECASE,
)
LICENCE = re.compile(
    r"^.*(Project Gutenberg-?tm|Project Gutenberg Literary Archive|www\.gutenberg\.(org|net)).*$",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class CleanText:
    """A cleaned text, how many characters of the decoded one went, and remarks (`no-markers`)."""

    text: str
    removed_characters: int
    flags: tuple[str, ...]


def clean_text(content: bytes, suffix: str, name: str, minimum_kept: float) -> CleanText:
    """Clean the file `content`; `name` is what errors call it.

    Raises CleaningError when it is not text, when less than `minimum_kept` of what lies between the licence markers
    remains, or when a line of the licence is left.
    """
    decoded = decode(content, name)
    if suffix == ".md":
        body, flags = markdown_to_text(decoded), list[str]()
        between = len(decoded)
    else:
        body, flags = _between_markers(decoded)
        between = len(body)
        body = CREDITS.sub("", body)
    text = _tidy(body)
    if len(text) < minimum_kept * between:
        raise CleaningError(
            f"{name}: only {len(text)} of {between} characters would remain, less than clean.minimum_kept = "
            f"{minimum_kept}. "
            "Look at the file; if it is right, lower that value."
        )
    if left := LICENCE.search(text):
        raise CleaningError(f"{name}: a line of the Gutenberg licence would remain: {left[0].strip()!r}")
    return CleanText(text=text, removed_characters=len(decoded) - len(text), flags=tuple(flags))


def _between_markers(text: str) -> tuple[str, list[str]]:
    starts = list(STARTS.finditer(text, 0, len(text) // 2))
    start = starts[-1].end() if starts else 0
    end = ENDS.search(text, start)
    flags = [] if starts or end else ["no-markers"]
    return text[start : end.start() if end else len(text)], flags


def _tidy(text: str) -> str:
    """No blanks at line ends, at most three empty lines together, one line end at the end."""
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{5,}", "\n\n\n\n", text).strip("\n") + "\n"
