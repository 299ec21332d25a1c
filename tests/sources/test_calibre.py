"""Calibre: the books of a library that have a text, and libraries that cannot be read."""

import contextlib
import sqlite3

import pytest

from poet.errors import SourceError
from poet.params.sections import CalibreSource
from poet.sources.calibre import fetch_calibre
from tests.sources.calibre_library import write_calibre_library
from tests.sources.settings import download_settings


def fetch(path):
    return list(fetch_calibre(CalibreSource(kind="calibre", path=str(path)), download_settings()))


def test_a_library_yields_its_texts(tmp_path):
    (book,) = fetch(write_calibre_library(tmp_path / "lib"))
    assert (book.id.partition("_")[0], book.title, book.author) == ("1-emma", "Emma", "Jane Austen & Smith, John")
    assert (book.language, book.suffix, book.content) == ("en", ".txt", b"Emma Woodhouse")
    assert book.source == "calibre:Jane Austen/Emma (1)/Emma - Jane Austen.txt"


def test_a_library_can_be_read_while_calibre_writes_to_it(tmp_path):
    library = write_calibre_library(tmp_path / "lib")
    with contextlib.closing(sqlite3.connect(library / "metadata.db")) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert [book.title for book in fetch(library)] == ["Emma"]


def test_mistakes(tmp_path):
    with pytest.raises(SourceError, match=r"has no metadata\.db"):
        fetch(tmp_path)
    (tmp_path / "metadata.db").write_text("no database", encoding="utf-8")
    with pytest.raises(SourceError, match="cannot be read as a Calibre library"):
        fetch(tmp_path)


def test_a_book_without_txt_is_taken_from_its_epub(tmp_path):
    library = write_calibre_library(tmp_path / "lib")
    (library / "X").mkdir()
    (library / "X" / "picture.epub").write_bytes(b"EPUB")
    with contextlib.closing(sqlite3.connect(library / "metadata.db")) as database, database:
        database.execute("INSERT INTO data VALUES (2, 'EPUB', 'picture'), (3, 'EPUB', 'x')")
    emma, picture = fetch(library)
    assert (emma.suffix, emma.content) == (".txt", b"Emma Woodhouse")
    assert (picture.id, picture.suffix, picture.content) == ("2-picture-book_cf2c05c7", ".epub", b"EPUB")
    assert picture.source == "calibre:X/picture.epub"


def test_a_path_out_of_the_library_is_refused(tmp_path):
    library = write_calibre_library(tmp_path / "a" / "lib", path="../secret")
    assert (library / "../secret/Emma - Jane Austen.txt").is_file()
    with pytest.raises(SourceError, match=r"lists \.\./secret/Emma - Jane Austen\.txt, but has no such file"):
        fetch(library)


def test_a_missing_file_and_a_library_without_texts_are_refused(tmp_path):
    library = write_calibre_library(tmp_path / "lib")
    (library / "Jane Austen/Emma (1)/Emma - Jane Austen.txt").unlink()
    with pytest.raises(SourceError, match=r"lists Jane Austen/Emma \(1\)/Emma - Jane Austen.txt, but has no such file"):
        fetch(library)
    with contextlib.closing(sqlite3.connect(library / "metadata.db")) as database, database:
        database.execute("DELETE FROM data WHERE format IN ('TXT', 'EPUB')")
    with pytest.raises(SourceError, match="has no book in TXT or EPUB format"):
        fetch(library)
