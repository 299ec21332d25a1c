"""From a file to the words of the book: decode, cut into segments, drop the kinds that the policy names, tidy up.

Nothing is ever written into a text: its lines are lines of the file, but for blanks at their ends. Every removal is
recorded. Cleaning what was cleaned changes nothing, because the rules are applied until they find nothing more.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from poet.cleaning import markers
from poet.cleaning.decoding import decode
from poet.cleaning.formats.markdown import markdown_to_text
from poet.cleaning.segments import segment
from poet.errors import CleaningError
from poet.params.sections import CleanSettings

FRAME = ("licence", "small_print")

# Words of each end of a removed part that are told.
TOLD_WORDS = 6


@dataclass(frozen=True, kw_only=True)
class Removal:
    """One part that was taken out: the rule that named it, its size in UTF-8, how it begins and ends."""

    rule: str
    characters: int
    bytes: int
    first_words: str
    last_words: str


@dataclass(frozen=True, kw_only=True)
class CleanText:
    """A cleaned text, what was removed from it, and remarks (`no-markers`)."""

    text: str
    removals: tuple[Removal, ...]
    flags: tuple[str, ...]

    @property
    def removed_characters(self) -> int:
        """Characters of all removed parts together."""
        return sum(removal.characters for removal in self.removals)


def clean_text(content: bytes, suffix: str, name: str, settings: CleanSettings) -> CleanText:
    """Clean the file `content`, whose `suffix` tells its format; `name` is what errors call it.

    Raises CleaningError when it is not text, when less than `settings.minimum_kept` of what lies between the licence
    markers remains, when a line of the licence is left, or when nothing is.
    """
    text = decode(content, name)
    removals: list[Removal] = []
    if suffix == ".md":
        plain = markdown_to_text(text)
        removals.append(
            Removal(rule="markdown", characters=len(text) - len(plain), bytes=0, first_words="", last_words="")
        )
        text = plain
    found = -1
    while found < len(removals):  # until a pass finds nothing; one text replaces the other, so that few are in memory
        found = len(removals)
        text = _tidy(text)
        text = _drop(text, settings.drop, removals)
    _check(text, removals, name, settings)
    framed = any(removal.rule in FRAME for removal in removals)
    if settings.unwrap:
        text = unwrap(text)
    return CleanText(text=text, removals=tuple(removals), flags=() if framed or suffix == ".md" else ("no-markers",))


def _drop(text: str, kinds: Sequence[str], removals: list[Removal]) -> str:
    """`text` without its segments of `kinds`, which are added to `removals`."""
    segments = segment(text)
    dropped = [part for part in segments if part.kind in kinds]
    removals.extend(_describe(part.kind, text[part.start : part.end]) for part in dropped)
    if not dropped:
        return text
    return "".join(text[part.start : part.end] for part in segments if part.kind not in kinds)


def _describe(rule: str, piece: str) -> Removal:
    head, tail = piece[:400].split(), piece[-400:].split()
    return Removal(
        rule=rule,
        characters=len(piece),
        bytes=len(piece.encode("utf-8")),
        first_words=" ".join(head[:TOLD_WORDS]),
        last_words=" ".join(tail[-TOLD_WORDS:]),
    )


def _check(text: str, removals: list[Removal], name: str, settings: CleanSettings) -> None:
    if not text.strip():
        raise CleaningError(f"{name} holds no text once it is cleaned; remove it from the collection")
    inside: Counter[str] = Counter()
    for removal in removals:
        if removal.rule not in (*FRAME, "markdown"):
            inside[removal.rule] += removal.characters
    between = len(text) + inside.total()
    if len(text) < settings.minimum_kept * between:
        rule, most = inside.most_common(1)[0]
        raise CleaningError(
            f"{name}: only {len(text):,} of the {between:,} characters between the licence markers would remain; "
            f"the rule {rule!r} takes {most:,}. Look at the file; then take {rule!r} out of clean.drop, or lower "
            f"clean.minimum_kept (now {settings.minimum_kept})."
        )
    if "licence" in settings.drop and (line := _licence_line(text)):
        raise CleaningError(f"{name}: a line of the Gutenberg licence would remain (rule 'licence'): {line!r}")


def _licence_line(text: str) -> str:
    """The first line of `text` that belongs to a Gutenberg licence or header, "" when there is none."""
    # A plain search for a word is twenty times faster than the pattern, and nearly every book ends here.
    if not any(word in text for word in markers.LICENCE_WORDS):
        return ""
    return next((line.strip() for line in text.split("\n") if markers.LICENCE.search(line)), "")


def _tidy(text: str) -> str:
    """No blanks at line ends, at most three empty lines together, none at the ends, one line end at the last."""
    text = re.sub(r"[^\S\n]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{5,}", "\n\n\n\n", text).strip("\n") + "\n"


def unwrap(text: str) -> str:
    """Join the hard-wrapped lines of prose: paragraphs that are not indented and whose lines are long.

    >>> unwrap("It was the best of times, it was the worst of times,\\nit was the age of wisdom.\\n\\nTo be,\\nor not.")
    'It was the best of times, it was the worst of times, it was the age of wisdom.\\n\\nTo be,\\nor not.'
    """

    def join(paragraph: re.Match[str]) -> str:
        lines = paragraph[0].split("\n")
        prose = all(len(line) >= 45 and not line[0].isspace() for line in lines[:-1]) and not lines[-1][:1].isspace()
        return " ".join(lines) if prose else paragraph[0]

    return re.sub(r"(?:^[^\n]+\n)+[^\n]+$", join, text, flags=re.MULTILINE)
