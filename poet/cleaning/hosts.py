"""The frames of hosts that are not of Project Gutenberg's family: what they put above and below a book.

Each is known by its own words and by its place, the first or last lines of a file.
"""

import re
from collections.abc import Iterator

from poet.cleaning.lines import PARAGRAPH, Segment, line_end, line_start, skip_blank_lines

# A frame is not longer than this, in characters. That of Aozora Bunko lists the editions and the corrections.
MAX_FRAME = 8_000

_FLAGS = re.MULTILINE | re.IGNORECASE

# Aozora Bunko (Japanese) ends with the printed edition ("底本"), who typed and who proofread it ("入力", "校正"), and
# a paragraph about itself.
AOZORA_EDITION = re.compile(r"^[ \t\u3000]*底本[ \t\u3000]*[：:]", re.MULTILINE)
AOZORA_MAKERS = re.compile(r"^[ \t\u3000]*(?:入力|校正)[ \t\u3000]*[：:]|青空文庫", re.MULTILINE)

# The Latin Library ends with links to its pages, each on an indented line: author, shelf, library.
LATIN_LIBRARY = re.compile(
    r"(?:^[ \t]+\S[^\n]{0,60}\n)*^[ \t]*The Latin Library[ \t]*\n[ \t]*The Classics Page[ \t]*\s*\Z", re.MULTILINE
)

# Liber Liber (Italian) begins with a sheet of fields, "QUESTO E-BOOK: TITOLO: ...", and with paragraphs about its
# "progetto Manuzio". The title may stand above.
MANUZIO = re.compile(
    r"liberliber|liber liber|progetto manuzio|e-text\.it|^(?:titolo|autore|traduttore|curatore|licenza|tratto da|"
    r"diritti d.autore|codice isbn|indice di affidabilit|\d+a edizione elettronica|alla edizione elettronica)\b",
    _FLAGS,
)
MANUZIO_NAME = re.compile(r"liberliber|liber liber|progetto manuzio", re.IGNORECASE)
MANUZIO_OPENING = re.compile(r"^[ \t]*(?:(?:https?://)?www\.liberliber|questo e-?(?:book|testo)\b)", _FLAGS)


def _sheet(sign: str, words: str) -> re.Pattern[str]:
    """A sheet of at most 80 lines between two rules of 20 or more `sign`, with a line that holds one of `words`."""
    line = rf"(?:(?!{sign}{{20}})[^\n]*\n){{0,40}}?"
    rule = rf"^[ \t]*{sign}{{20,}}[ \t]*"
    return re.compile(rf"{rule}\n{line}[^\n]*(?:{words})[^\n]*\n{line}{rule}$", _FLAGS)


# Lib.ru (Russian) has a sheet between two rules of dashes: "Origin: ...", "OCR: ...", "Spellcheck: ...", "Изд: ...".
LIB_RU = _sheet("-", r"\bOCR\b|spellcheck|origin:|lib\.ru|текст печатается|изд(?:ание)?[:.]")

# The Electronic Text Center of the University of Virginia (English) says there who marked the text up.
VIRGINIA = _sheet("_", r"electronic text[ \t]*\n?[ \t]*center|etext\.(?:lib\.)?virginia|etextcenter@|TEI\.2")

# A page that the browser lynx wrote as text ends with the addresses of its links: "References", "1. http://...".
LINKS = re.compile(
    r"^(?:[ \t]*_{20,}[ \t]*\n\s*)?[ \t]*References[ \t]*\n(?:[ \t]*\n)?"
    r"(?:[ \t]*\d+\. (?:https?|ftp|file|mailto):\S*[ \t]*\n?)+\s*\Z",
    re.MULTILINE,
)


def host_frames(text: str, start: int, end: int) -> Iterator[Segment]:
    """What other hosts put above and below the book `text[start:end]`."""
    if (header := _manuzio_end(text, start, end)) is not None:
        yield Segment(kind="licence", start=header[0], end=header[1])
    for kind in (LIB_RU, VIRGINIA):
        if sheet := kind.search(text, start, min(end, start + MAX_FRAME)):
            after = skip_blank_lines(text, line_end(text, sheet.end()), end)
            yield Segment(kind="licence", start=sheet.start(), end=after)
    footer = _aozora_start(text, start, end) or _latin_library_start(text, start, end) or _links_start(text, start, end)
    if footer:
        yield Segment(kind="licence", start=footer, end=end)


def _manuzio_end(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the sheet of Liber Liber begins and ends: after the last of the first paragraphs that is of it."""
    limit = min(end, start + MAX_FRAME)
    opening = MANUZIO_OPENING.search(text, start, limit)
    if opening is None or not MANUZIO_NAME.search(text, opening.start(), limit):
        return None
    last = opening.start()
    for paragraph in PARAGRAPH.finditer(text, line_start(text, opening.start()), limit):
        if MANUZIO.search(paragraph[0]):
            last = paragraph.end()
    return opening.start(), skip_blank_lines(text, last, end)


def _aozora_start(text: str, start: int, end: int) -> int:
    """Where the colophon of Aozora Bunko begins; 0 if there is none."""
    edition = AOZORA_EDITION.search(text, max(start, end - MAX_FRAME), end)
    if edition is None or not AOZORA_MAKERS.search(text, edition.end(), end):
        return 0
    return edition.start()


def _latin_library_start(text: str, start: int, end: int) -> int:
    """Where the links of the Latin Library begin; 0 if there are none."""
    if not text[max(start, end - 200) : end].rstrip().endswith("The Classics Page"):
        return 0
    links = LATIN_LIBRARY.search(text, max(start, end - 600), end)
    return links.start() if links else 0


def _links_start(text: str, start: int, end: int) -> int:
    """Where the list of a page's links begins; 0 if there is none."""
    links = LINKS.search(text, max(start, text.rfind("References", start, end) - MAX_FRAME), end)
    return links.start() if links else 0
