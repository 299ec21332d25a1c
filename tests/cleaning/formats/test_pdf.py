"""PDF: paragraphs from lines; heads, feet and page numbers dropped; divided words joined."""

import io

import pypdf
import pytest

from poet.cleaning.formats.pdf import pdf_to_text
from poet.errors import CleaningError
from tests.cleaning.formats.packed import pdf

# Lines of about the same width; each page gets words of its own.
PROSE = (
    "{0} was the best of times, and it was the worst of ti-",
    "mes, it was the age of wisdom and of {0} well-",
    "known foolishness, as the ﬁrst of all its noisiest {0}",
    "authorities {0} said.",
)


def book(pages: int) -> bytes:
    """Pages of a head, two paragraphs and a page number; the second page begins a chapter and has no head."""
    made = []
    for number in range(pages):
        head = "A TALE OF TWO CITIES" if number % 2 else f"{number + 7}  CHARLES DICKENS"
        lines = [(72, 800, head)] if number != 1 else [(72, 770, "CHAPTER II")]
        height = 730
        for part in ("Book", "Night"):
            for place, line in enumerate(PROSE):
                lines.append((72 + 12 * (place == 0), height, line.format(f"{part}{chr(97 + number)}")))
                height -= 14
        made.append([*lines, (300, 40, f"- {number + 7} -")])
    # Letters of PDF fonts in WinAnsi have no ligature.
    return pdf([[(x, y, text.replace("ﬁ", "fi")) for x, y, text in lines] for lines in made])


def paragraph(word: str) -> str:
    return (
        f"{word} was the best of times, and it was the worst of times, it was the age of wisdom and of {word} "
        f"wellknown foolishness, as the first of all its noisiest {word} authorities {word} said."
    )


def test_a_book_becomes_paragraphs():
    expected = []
    for number in range(8):
        expected += ["CHAPTER II"] if number == 1 else []
        expected += [paragraph(f"{part}{chr(97 + number)}") for part in ("Book", "Night")]
    assert pdf_to_text(book(8), "a.pdf") == "\n\n".join(expected) + "\n"


def test_a_hyphen_stays_where_the_text_has_it_elsewhere():
    lines = [
        "a well-known thing is here and there, well-",
        "known as it is, a soft hyphen divi\u00ad",
        "des, and so on it goes now.",
    ]
    text = pdf_to_text(pdf([[(72, 700 - 14 * n, line) for n, line in enumerate(lines)]]), "a.pdf")
    assert (
        text
        == "a well-known thing is here and there, well-known as it is, a soft hyphen divides, and so on it goes now.\n"
    )


def test_verse_keeps_its_lines_and_gaps_are_paragraphs():
    long = "This is a line of prose that is much longer than any verse in it could ever be, I say"
    verse = [(72, 700, "Shall I compare thee"), (72, 686, "To a summer's day?"), (72, 660, "Thou art more lovely")]
    text = pdf_to_text(pdf([[(72, 760, long), *verse]]), "a.pdf")
    assert text == f"{long}\n\nShall I compare thee\nTo a summer's day?\n\nThou art more lovely\n"


def test_a_paragraph_goes_on_over_pages():
    first, second = "This sentence is not finished at the end of", "its page, but on the next one of the book."
    assert pdf_to_text(pdf([[(72, 700, first)], [(72, 780, second)]]), "a.pdf") == f"{first} {second}\n"


def test_numbers_that_are_no_page_numbers_stay():
    pages = [
        [(72, 780, year), (72, 700, f"What happened then in the year, part {word}.")]
        for year, word in [("1914", "one"), ("1939", "two"), ("XII", "three")]
    ]
    text = pdf_to_text(pdf(pages), "a.pdf")
    assert "1914" in text and "1939" in text and "XII" in text


def test_numbers_of_lines_and_what_a_printer_leaves_at_a_foot():
    pages = []
    for number in range(6):
        word = chr(97 + number)
        lines = [(72, 700 - 14 * place, f"Line {place} of the page {word} goes on to") for place in range(12)]
        margin = [(40, 700 - 14 * place, f"{place + 1}{'S' if place == 11 else ''}") for place in range(12)]
        foot = [(72, 60, f"{number + 9} THE BOOK"), (72, 30, "4TH PASS"), (72, 20, "a.qxd 3"), (72, 10, "http://a.b")]
        pages.append([*lines, *margin, *foot])
    # A table of one page counts, too.
    pages[2][4:4] = [(300, 640 - 14 * place, str(place + 20)) for place in range(6)]
    text = pdf_to_text(pdf(pages), "a.pdf")
    assert "20\n21\n22\n23\n24\n25" in text
    for gone in ("\n5", "12S", "THE BOOK", "4TH PASS", "qxd", "http"):
        assert gone not in text


def test_pages_that_are_all_alike_stay():
    assert pdf_to_text(pdf([[(72, 700, "A poem.")]] * 4), "a.pdf") == "A poem. A poem. A poem. A poem.\n"


def test_letters_without_a_table_are_not_taken_for_text():
    """A font with thousands of characters that names them by its own glyphs only, and letters that are others."""
    readable = book(2)
    composite = b"/Subtype /Type0 /BaseFont /Mincho /Encoding /Identity-H"
    with pytest.raises(CleaningError, match=r"a\.pdf shows letters, but .* \(such as Mincho\) have no table .*OCR"):
        pdf_to_text(
            readable.replace(b"/Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding", composite), "a.pdf"
        )
    scrambled = [(72, 700 - 14 * place, "T~w djA)tB`h?d[we prc*d&hlg qx]pz~ +vp y$l") for place in range(20)]
    with pytest.raises(CleaningError, match=r"a\.pdf shows letters, but does not say which"):
        pdf_to_text(pdf([scrambled]), "a.pdf")


def test_a_text_without_layer_and_damaged_files():
    with pytest.raises(CleaningError, match=r"a\.pdf has no text layer: its 2 pages are pictures"):
        pdf_to_text(pdf([[], []]), "a.pdf")
    for content in (b"", b"%PDF-1.4\nrubbish", book(2)[:300]):
        with pytest.raises(CleaningError, match=r"a\.pdf cannot be read as a PDF .*Get a fresh copy"):
            pdf_to_text(content, "a.pdf")


def test_encrypted_files():
    for password, readable in (("secret", False), ("", True)):
        writer = pypdf.PdfWriter(io.BytesIO(book(2)))
        writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
        file = io.BytesIO()
        writer.write(file)
        if readable:
            assert "best of times" in pdf_to_text(file.getvalue(), "a.pdf")
        else:
            with pytest.raises(CleaningError, match=r"a\.pdf is encrypted"):
                pdf_to_text(file.getvalue(), "a.pdf")
