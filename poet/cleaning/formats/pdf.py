"""PDF with a text layer: its lines, read by pypdf, put together to paragraphs (`pdf_lines`)."""

import io
import re
from collections import Counter
from typing import Any

from poet.cleaning.formats.libraries import library
from poet.cleaning.formats.pdf_lines import Line, lines_to_text
from poet.errors import CleaningError

# The encodings of fonts with thousands of characters that pypdf knows: of Unicode, Chinese and Japanese.
KNOWN_ENCODINGS = ("/Uni", "/GB", "/90ms-RKSJ", "/ETen")

# What pypdf writes for letters of which it knows only the names that a font gives them: "/g133/g135/g144".
GLYPH_NAMES = re.compile(r"(?:/[a-zA-Z]{1,3}\d{1,4}){3,}")

# A sign that is inside no word, between two letters. In prose 1 word in 1,000 has one, in a book of mathematics 1 in
# 50; where a font's letters are other letters, 1 in 6.
SCRAMBLED = re.compile(r"[^\W\d_][!?$#~%^*<>{}\\|\[\]¡¢£¤¥¦§¨©ª«¬®±¶·»¿]+[^\W\d_]\S*")
MOST_SCRAMBLED = 0.1

# The share of characters without a table up to which a text is read: a few formulas or ornaments.
MOST_UNMAPPED = 0.1


def pdf_to_text(content: bytes, name: str) -> str:
    """The running text of the PDF file `content`; CleaningError if it is damaged, encrypted, or has no text layer."""
    pypdf = library("pypdf", "pypdf")
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        # Many files are encrypted without a password for reading.
        if reader.is_encrypted and not reader.decrypt(""):
            raise CleaningError(f"{name} is encrypted. Save a copy without a password.")
        # Of characters: how many are in fonts from which no text can be told, by the name of the font.
        unmapped: Counter[str] = Counter()
        pages = [_page_lines(page, unmapped) for page in reader.pages]
    except CleaningError:
        raise
    # A damaged PDF makes pypdf fail anywhere, with any of Python's own errors.
    except Exception as error:
        raise CleaningError(
            f"{name} cannot be read as a PDF ({type(error).__name__}: {error}). Get a fresh copy, or convert it to a "
            ".txt file."
        ) from None
    if not any(pages) and not unmapped.total():
        raise CleaningError(
            f"{name} has no text layer: its {len(pages)} pages are pictures. Recognise their text (OCR) first, for "
            "example with ocrmypdf, or get the book in another format."
        )
    text = lines_to_text(pages)
    scrambled = len(SCRAMBLED.findall(text))
    if unmapped.total() > MOST_UNMAPPED * len(text) or scrambled > MOST_SCRAMBLED * len(text.split()):
        fonts = f" (such as {unmapped.most_common(1)[0][0]})" if unmapped else ""
        raise CleaningError(
            f"{name} shows letters, but does not say which: its fonts{fonts} have no table of characters. Recognise "
            "its text (OCR), for example with `ocrmypdf --force-ocr`, or get the book in another format."
        )
    return text + "\n"


def _is_mapped(font: Any) -> bool:
    """Whether pypdf can tell the characters of `font`. Without a table, those of a large font are only its glyphs."""
    if font is None or font.get("/Subtype") != "/Type0" or "/ToUnicode" in font:
        return True
    return str(font.get("/Encoding")).startswith(KNOWN_ENCODINGS)


def _page_lines(page: Any, unmapped: Counter[str]) -> list[Line]:
    """The lines of `page` that have text, in the order in which the file writes them; `unmapped` counts on."""
    lines: list[Line] = []
    pieces: list[str] = []
    place = (0.0, 0.0, 0.0)

    def finish() -> None:
        # One blank between words; `split` also drops what PDF files use as blanks.
        if text := " ".join("".join(pieces).split()):
            lines.append(Line(text=text, left=place[0], height=place[1], size=place[2]))
        pieces.clear()

    def visit(text: str, outer: list[float], matrix: list[float], font: Any, size: float | None) -> None:
        nonlocal place
        if text.strip() and not _is_mapped(font):
            unmapped[str(font.get("/BaseFont", "?")).lstrip("/")] += len(text)
        elif names := GLYPH_NAMES.findall(text):
            unmapped[str(font.get("/BaseFont", "?") if font else "?").lstrip("/")] += sum(map(len, names))
        for number, piece in enumerate(text.split("\n")):
            if number:
                finish()
            if piece.strip() and not "".join(pieces).strip():
                # Position and size on the page: those of the text, moved and scaled by the matrix around it.
                place = (
                    matrix[4] * outer[0] + outer[4],
                    matrix[5] * outer[3] + outer[5],
                    abs((size or 0.0) * matrix[3] * outer[3]),
                )
            pieces.append(piece)

    page.extract_text(visitor_text=visit)
    finish()
    return lines
