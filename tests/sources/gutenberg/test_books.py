"""Gutenberg's books by number: what is known of each, and books that no mirror has."""

import pytest

from poet.books.manifest import MissingBook
from poet.errors import SourceError
from poet.params.sections import GutenbergSource
from poet.sources.gutenberg.books import fetch_gutenberg
from tests.sources.gutenberg.small_mirror import serve, write_mirror
from tests.sources.server import Server
from tests.sources.settings import download_settings


@pytest.fixture
def small_mirror(tmp_path):
    return write_mirror(tmp_path / "mirror")


def fetch(ids, *mirrors, allow_missing=False):
    source = GutenbergSource(kind="gutenberg", ids=list(ids))
    return list(fetch_gutenberg(source, download_settings(*map(str, mirrors), allow_missing=allow_missing)))


def test_a_header_names_the_book(small_mirror):
    book, unnamed = fetch([158, 5], small_mirror)
    assert (book.id, book.title, book.author, book.language) == ("158", "Emma", "Jane Austen", "en")
    assert (book.source, book.suffix) == ("gutenberg:cache/epub/158/pg158.txt", ".txt")
    assert book.content == (small_mirror / "cache/epub/158/pg158.txt").read_bytes()
    assert (unnamed.id, unnamed.title, unnamed.author, unnamed.language) == ("5", "Project Gutenberg 5", "", "")


@pytest.mark.parametrize(
    ("language", "charset", "title", "code"),
    [
        ("Swedish", "ISO-8859-1", "Sagor från ön", "sv"),
        ("Danish", "cp850", "Den lille ø", "da"),
        ("Czech", "", "Příběhy ze staré školy, část první", "cs"),
        ("Russian", "koi8-r", "Старый дом", "ru"),
        ("Chinese", "UTF-16", "老人出門", "zh"),
        ("Norwegian Bokmål", "ISO-8859-1", "Øya i sør", "no"),
        ("French and Latin", "Windows Code Page 1252", "L’été", "fr"),
        ("Klingon", "UTF-8", "paq’batlh", ""),
    ],
)
def test_title_and_language_are_read_as_the_text_will_be(tmp_path, language, charset, title, code):
    """The header is in the charset of the book, whether it declares one or not."""
    declared = f"Character set encoding: {charset}\r\n" if charset else ""
    text = f"Title: {title}\r\n\r\nAuthor: É. Ø\r\nLanguage: {language}\r\n{declared}\r\n" + (title + ".\r\n") * 40
    if charset in ("cp850", "koi8-r"):
        text = text.replace("É. Ø", "A. B")
    folder = tmp_path / "cache/epub/7"
    folder.mkdir(parents=True)
    codec = {"": "cp1250", "Windows Code Page 1252": "cp1252"}.get(charset, charset)
    (folder / "pg7.txt").write_bytes(text.encode(codec, "replace"))
    (book,) = fetch([7], tmp_path)
    assert (book.title, book.language) == (title, code)


def test_the_catalog_names_a_book_without_a_header(small_mirror):
    feeds = small_mirror / "cache/epub/feeds"
    feeds.mkdir()
    row = "5,Text,1975-12-01,The United States Constitution,en; fr,United States,Law,KF,Politics"
    header = "Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves"
    (feeds / "pg_catalog.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    (book,) = fetch([5], small_mirror)
    assert (book.title, book.author, book.language) == ("The United States Constitution", "United States", "en")


def test_a_missing_book_stops_with_every_address(small_mirror):
    with Server() as server:
        serve(server, small_mirror)
        with pytest.raises(SourceError) as error:
            fetch([158, 63022], small_mirror, server.address)
    message = error.value.message
    assert "no mirror has book 63022" in message
    for mirror in (str(small_mirror), server.address):
        for path in ("cache/epub/63022/pg", "6/3/0/2/63022/63022-0", "6/3/0/2/63022/63022", "6/3/0/2/63022/63022-8"):
            assert f"{mirror}/{path}" in message


def test_a_missing_book_may_be_allowed(small_mirror):
    missing, found = fetch([63022, 158], small_mirror, allow_missing=True)
    assert isinstance(missing, MissingBook)
    assert (missing.id, missing.title) == ("63022", "Project Gutenberg 63022")
    assert missing.tried.count("; ") == 3
    assert found.id == "158"


def test_an_unreachable_mirror_is_one_message(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(SourceError, match=r"book 158.*\n.*127\.0\.0\.1:1/cache/epub/158/pg158.txt cannot be reached"):
        fetch([158], "http://127.0.0.1:1")
