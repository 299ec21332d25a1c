"""EPUB: chapters in order, no navigation; hostile and damaged files are one clear error."""

import html

import pytest
from hypothesis import given

from poet.cleaning.formats import archive
from poet.cleaning.formats.epub import epub_to_text
from poet.cleaning.text import clean_text
from poet.errors import CleaningError
from tests.cleaning.formats.packed import CONTAINER, epub, zipped
from tests.cleaning.formats.paragraphs import PARAGRAPHS
from tests.recipes import CLEAN

XHTML = '<?xml version="1.0"?><!DOCTYPE html PUBLIC "x" "http://example.org/x.dtd"><html xmlns="http://www.w3.org/1999/xhtml">'


def page(body: str) -> str:
    return f"{XHTML}<head><title/><script src='x'/></head><body>{body}</body></html>"


def test_chapters_come_in_the_order_of_the_spine():
    book = epub(
        {"b.xhtml": page("<h1>II</h1><p>Two&nbsp;&amp; <a id='x'/>more.</p>"), "sub/a 1.xhtml": page("<p>One.</p>")},
        spine=["sub/a 1.xhtml", "b.xhtml", "sub/a 1.xhtml"],
    )
    assert epub_to_text(book, "a.epub") == "One.\n\nII\n\nTwo\xa0& more.\n"


def test_the_table_of_contents_is_no_text():
    nav = '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    guide = '<guide><reference type="toc" href="toc.xhtml#here"/></guide>'
    chapters = {"nav.xhtml": page("<p>NAV</p>"), "toc.xhtml": page("<p>TOC</p>"), "a.xhtml": page("<p>One.</p>")}
    book = epub({key: chapters[key] for key in ("toc.xhtml", "a.xhtml")}, manifest=nav, guide=guide, spine=[])
    assert epub_to_text(book, "a.epub") == "One.\n"


def test_a_chapter_that_is_no_xml_is_read_as_html():
    book = epub({"a.xhtml": '<meta charset="windows-1251"><p>Мир<br>и & труд'.encode("cp1251")})
    assert epub_to_text(book, "a.epub") == "Мир\nи & труд\n"


@given(PARAGRAPHS)
def test_round_trip(paragraphs):
    body = "".join(f"<p>{html.escape(paragraph)}</p>\n" for paragraph in paragraphs)
    assert epub_to_text(epub({"a.xhtml": page(body)}), "a.epub") == "\n\n".join(paragraphs) + "\n"


@pytest.mark.parametrize("address", ["../../secret.xhtml", "/etc/passwd", "file:///etc/passwd", "missing.xhtml"])
def test_no_path_leaves_the_archive(address):
    item = f'<item id="x" href="{address}" media-type="application/xhtml+xml"/>'
    with pytest.raises(CleaningError, match=r"a\.epub cannot be read: its part '.*' is missing"):
        epub_to_text(epub({"a.xhtml": page("x")}, manifest=item, spine=["x"]), "a.epub")


def test_entities_are_neither_fetched_nor_expanded(tmp_path):
    (tmp_path / "secret").write_text("SECRET", encoding="utf-8")
    secret = (tmp_path / "secret").as_uri()
    dtd = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret}"><!ENTITY a "LOL"><!ENTITY b "&a;&a;&a;">]>'
    text = epub_to_text(epub({"a.xhtml": f"{dtd}<html><body><p>One&x;&b; two.</p></body></html>"}), "a.epub")
    assert text == "One two.\n"


def test_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED", 100_000)
    with pytest.raises(CleaningError, match=r"a\.epub unpacks to more than"):
        epub_to_text(epub({"a.xhtml": page("<p>" + "a" * 60_000), "b.xhtml": page("b" * 60_000)}), "a.epub")


def test_protected_books_are_refused_but_not_for_their_fonts():
    form = '<encryption><EncryptedData><CipherReference URI="OEBPS/{}"/></EncryptedData></encryption>'
    chapters = {"a.xhtml": page("<p>One.</p>")}
    assert epub_to_text(epub(chapters, encryption=form.format("font.otf")), "a.epub") == "One.\n"
    with pytest.raises(CleaningError, match="protected against copying"):
        epub_to_text(epub(chapters, encryption=form.format("a.xhtml")), "a.epub")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no whole ZIP archive"),
        (epub({"a.xhtml": page("x")})[:-30], "no whole ZIP archive"),
        (archive.COMPOUND_FILE + b"x", "is encrypted, or an old"),
        (zipped({"x": "y"}), "META-INF/container.xml' is missing"),
        (zipped({"META-INF/container.xml": "<a"}), "not well-formed XML"),
        (zipped({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": "<package/>"}), "lists no chapter"),
        (epub({"a.xhtml": page("<p>word</p>" * 900)}).replace(b"OEBPS/a.xhtml", b"OEBPS/b.xhtml", 1), "is damaged"),
    ],
)
def test_damaged_files(content, message):
    with pytest.raises(CleaningError, match=message):
        epub_to_text(content, "a.epub")


def test_control_characters_are_dropped_and_counted_as_in_a_text_file():
    book = epub({"a.xhtml": page("<p>A tale\x9bs end.</p>" + "<p>The end.</p>" * 99)})
    result = clean_text(book, ".epub", "a.epub", CLEAN)
    assert result.text == "A tales end.\n" + "\nThe end.\n" * 99
    assert [(part.rule, part.characters) for part in result.removals] == [("controls", 1)]
    assert result.decoding.controls == 1
