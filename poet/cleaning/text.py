"""From the bytes of a file to the words of the book: decode, remove markup, cut out the unwanted parts, tidy up.

Cleaning never writes anything into a text. Every line of the result is a line of the file, except for blanks at its
end. Every removal is recorded. Cleaning a cleaned text changes nothing, because the rules are applied until they match
nothing more (at most MAX_PASSES times).
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from poet.cleaning import markers
from poet.cleaning.decoding import OF_FORMAT, PLAIN, UNREADABLE, DecodedText, Decoding, read_text, without_controls
from poet.cleaning.formats.table import Format, format_of
from poet.cleaning.lines import line_end, line_start
from poet.cleaning.segments import segment
from poet.errors import CleaningError
from poet.params.sections import CleanSettings

# The rules for what surrounds a book. They do not count when `minimum_kept` is checked: a licence may be longer than
# the poem that it comes with.
FRAME_RULES = ("licence", "small_print")

# A bound on how often the rules are applied to one text, so that the time grows with its length. Books need two passes;
# a text that is made of nothing but headings could need as many as it has lines.
MAX_PASSES = 20

# Words that are recorded from each end of a removed part, and the characters in which these words are looked for. A
# part can be very long, and splitting all of it into words would take its length again.
EXCERPT_WORDS = 6
EXCERPT_CHARACTERS = 400

# The final check reads SLICE characters at a time, and the length of the longest word more, so that no word is cut.
SLICE = 65_536
LONGEST_LICENCE_WORD = max(map(len, markers.LICENCE_WORDS))

# Blanks up to a line end. The match begins at the first of them (no blank before it): else each blank of a long run
# within a line would be tried as the first, which takes the square of its length.
BLANKS_AT_LINE_END = re.compile(r"[^\S\n](?<![^\S\n]{2})[^\S\n]*+$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Removal:
    """One removed part: the rule that matched it, its size (`bytes` in UTF-8), its first and last words.

    The markup of a format is one removal for the complete text. It is spread over the text, so that it has no first and
    last words, and only its characters are counted.
    """

    rule: str
    characters: int
    bytes: int
    first_words: str
    last_words: str


@dataclass(frozen=True, kw_only=True)
class CleanText:
    """A cleaned text, the parts that were removed from it, remarks (`no-markers`), and how its bytes were decoded."""

    text: str
    removals: tuple[Removal, ...]
    flags: tuple[str, ...]
    decoding: Decoding = PLAIN

    @property
    def removed_characters(self) -> int:
        """Characters of all removed parts together."""
        return sum(removal.characters for removal in self.removals)


def clean_text(
    content: bytes,
    suffix: str,
    name: str,
    settings: CleanSettings,
    *,
    source: str = "",
    language: str = "",
    encoding: str = "",
) -> CleanText:
    """Clean the file `content`, whose `suffix` says its format; `name` is what errors call it.

    `source` is where the file came from, as the manifest names it: a source may have a format of its own. `language`
    and `encoding` are what the source says about a text file (`poet.cleaning.decoding`).

    Raises CleaningError when the file is no text, when less than `settings.minimum_kept` of what is between the licence
    markers remains, when a line of the licence remains, or when nothing does.

    >>> settings = CleanSettings(drop=["credits"], unwrap=False, minimum_kept=0.1, duplicates="warn")
    >>> cleaned = clean_text(b"Produced by A. Reader\\r\\n\\r\\nEMMA\\r\\n", ".txt", "158.txt", settings)
    >>> cleaned.text, cleaned.removals[0].rule, cleaned.removed_characters, cleaned.flags
    ('EMMA\\n', 'credits', 23, ('no-markers',))
    """
    kind = format_of(suffix, source)
    text, markup, decoding = _read(kind, content, name, language, encoding)
    # Removing one part can complete another: two halves of a bracketed note meet. So the rules are applied until a pass
    # removes nothing. Each pass replaces `text`, so that few copies of a book are in memory.
    parts: list[Removal] = []
    for _ in range(MAX_PASSES):
        text = _normalise_blanks(text)
        text, removed = _without_segments(text, settings.drop)
        parts += removed
        if not removed:
            break
    _check_share(text, parts, name, settings)
    _check_licence(text, name, settings)
    has_frame = any(removal.rule in FRAME_RULES for removal in parts)
    if settings.unwrap:
        text = unwrap(text)
    flags = ("no-markers",) if kind.has_licence and not has_frame else ()
    decoding = dataclasses.replace(decoding, unreadable=text.count(UNREADABLE))
    return CleanText(text=text, removals=(*markup, *parts), flags=(*flags, *decoding.flags), decoding=decoding)


def _read(kind: Format, content: bytes, name: str, language: str, encoding: str) -> tuple[str, list[Removal], Decoding]:
    """The text of a file without markup and control characters, the record of both, and how it was decoded."""
    decoded = _decode(kind, content, name, language, encoding)
    text, markup = _without_markup(kind, decoded.text, name)
    if decoded.dropped:
        markup = [_controls(decoded.dropped), *markup]
    return text, markup, decoded.decoding


def _decode(kind: Format, content: bytes, name: str, language: str, encoding: str) -> DecodedText:
    """The characters of `content`. A format that is not a text file knows itself how its bytes are decoded."""
    if kind.decode is None:
        return read_text(content, name, language=language, encoding=encoding)
    return without_controls(kind.decode(content, name), name, OF_FORMAT)


def _controls(dropped: str) -> Removal:
    """The record of control characters, which are spread over the text as markup is."""
    size = len(dropped.encode("utf-8"))
    return Removal(rule="controls", characters=len(dropped), bytes=size, first_words="", last_words="")


def _without_markup(kind: Format, text: str, name: str) -> tuple[str, list[Removal]]:
    """`text` without the markup of its format, and the record of it; of plain text there is none."""
    if kind.strip_markup is None:
        return text, []
    try:
        plain = kind.strip_markup(text)
    except CleaningError as error:
        raise CleaningError(f"{name}: {error.message}") from None
    # Plain text has marks only where a library has marks of its own.
    if plain == text:
        return text, []
    size = len(text) - len(plain)
    return plain, [Removal(rule=kind.name, characters=size, bytes=0, first_words="", last_words="")]


def _without_segments(text: str, kinds: Sequence[str]) -> tuple[str, list[Removal]]:
    """`text` without its segments of `kinds`, and a record of each of these segments."""
    segments = segment(text, kinds)
    removed = [_removal(part.kind, text[part.start : part.end]) for part in segments if part.kind in kinds]
    if not removed:
        return text, []
    return "".join(text[part.start : part.end] for part in segments if part.kind not in kinds), removed


def _removal(rule: str, piece: str) -> Removal:
    """The record of the part `piece`, which `rule` matched."""
    first, last = piece[:EXCERPT_CHARACTERS].split(), piece[-EXCERPT_CHARACTERS:].split()
    return Removal(
        rule=rule,
        characters=len(piece),
        bytes=len(piece.encode("utf-8")),
        first_words=" ".join(first[:EXCERPT_WORDS]),
        last_words=" ".join(last[-EXCERPT_WORDS:]),
    )


def _check_share(text: str, parts: Sequence[Removal], name: str, settings: CleanSettings) -> None:
    """CleaningError if too little of the book remains: a rule that removes much has probably matched a wrong place."""
    if not text.strip():
        raise CleaningError(f"{name} has no text once it is cleaned; remove it from the collection")
    removed: Counter[str] = Counter()
    for removal in parts:
        if removal.rule not in FRAME_RULES:
            removed[removal.rule] += removal.characters
    between_markers = len(text) + removed.total()
    if len(text) < settings.minimum_kept * between_markers:
        rule, most = removed.most_common(1)[0]
        raise CleaningError(
            f"{name}: only {len(text):,} of the {between_markers:,} characters between the licence markers would "
            f"remain; the rule {rule!r} takes {most:,}. Look at the file; then take {rule!r} out of clean.drop, or "
            f"lower clean.minimum_kept (now {settings.minimum_kept})."
        )


def _check_licence(text: str, name: str, settings: CleanSettings) -> None:
    """CleaningError when a line of a licence remains in `text` although licences are to be removed."""
    if "licence" in settings.drop and (line := _licence_line(text)):
        raise CleaningError(
            f"{name}: a line of the Gutenberg licence would remain (rule 'licence'): {line!r}. Look at the "
            "file. If the line belongs to the book, take 'licence' out of clean.drop; if not, leave the book out."
        )


def _licence_line(text: str) -> str:
    """The first line of `text` that belongs to a Gutenberg licence or header, "" when there is none."""
    # Searching a plain word is twenty times faster than the pattern, and settles nearly every book. One slice at a time
    # is in small letters, because Python takes several copies of a text to make one.
    slices = (text[i : i + SLICE + LONGEST_LICENCE_WORD].lower() for i in range(0, len(text), SLICE))
    if not any(word in each for each in slices for word in markers.LICENCE_WORDS):
        return ""
    phrase = markers.LICENCE.search(text)
    return text[line_start(text, phrase.start()) : line_end(text, phrase.end())].strip() if phrase else ""


def _normalise_blanks(text: str) -> str:
    """No blanks at line ends, at most three empty lines in a row, none at either end of the text; one final line end.

    >>> _normalise_blanks("\\n\\nEMMA  \\n\\n\\n\\n\\n\\nVOLUME I")
    'EMMA\\n\\n\\n\\nVOLUME I\\n'
    """
    # Blanks first: a line of blanks only is an empty line.
    text = BLANKS_AT_LINE_END.sub("", text)
    return re.sub(r"\n{5,}", "\n\n\n\n", text).strip("\n") + "\n"


def unwrap(text: str) -> str:
    """Join the hard-wrapped lines of prose. Verse, headings and indented passages keep their lines.

    >>> unwrap("It was the best of times, it was the worst of times,\\nit was the age of wisdom.\\n\\nTo be,\\nor not.")
    'It was the best of times, it was the worst of times, it was the age of wisdom.\\n\\nTo be,\\nor not.'
    """

    def join(paragraph: re.Match[str]) -> str:
        lines = paragraph[0].split("\n")
        # Prose fills its lines: all but the last have at least 45 characters, and none is indented. Gutenberg wraps
        # prose at 65 to 75 characters; lines of verse are mostly shorter than 45.
        prose = all(len(line) >= 45 and not line[0].isspace() for line in lines[:-1]) and not lines[-1][:1].isspace()
        return " ".join(lines) if prose else paragraph[0]

    # A paragraph: two or more lines in a row that are not empty.
    return re.sub(r"(?:^[^\n]+\n)+[^\n]+$", join, text, flags=re.MULTILINE)
