"""PDF with a text layer: its lines, read by pypdf, put together to paragraphs (`pdf_lines`)."""

import io
from typing import Any

from poet.cleaning.formats.libraries import library
from poet.cleaning.formats.pdf_lines import Line, lines_to_text
from poet.errors import CleaningError


def pdf_to_text(content: bytes, name: str) -> str:
    """The running text of the PDF file `content`; CleaningError if it is damaged, encrypted, or has no text layer."""
    pypdf = library("pypdf", "pypdf")
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        # Many files are encrypted without a password for reading.
        if reader.is_encrypted and not reader.decrypt(""):
            raise CleaningError(f"{name} is encrypted. Save a copy without a password.")
        pages = [_page_lines(page) for page in reader.pages]
    except CleaningError:
        raise
    # A damaged PDF makes pypdf fail anywhere, with any of Python's own errors.
    except Exception as error:
        raise CleaningError(
            f"{name} cannot be read as a PDF ({type(error).__name__}: {error}). Get a fresh copy, or convert it to a "
            ".txt file."
        ) from None
    if not any(pages):
        raise CleaningError(
            f"{name} has no text layer: its {len(pages)} pages are pictures. Recognise their text (OCR) first, for "
            "example with ocrmypdf, or get the book in another format."
        )
    return lines_to_text(pages) + "\n"


def _page_lines(page: Any) -> list[Line]:
    """The lines of `page` that have text, in the order in which the file writes them."""
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
