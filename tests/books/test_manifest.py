"""The manifest: file names for any title, rows that survive a round trip, files that do not fit."""

import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.books.manifest import Book, MissingBook, read_book, read_manifest, safe_stem, write_manifest
from poet.errors import DataError


def book(id="emma", title="Emma", content=b"Emma Woodhouse"):
    return Book(
        id=id,
        title=title,
        author="Jane Austen",
        language="en",
        source="folder:emma.txt",
        file=f"{id}.txt",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


@given(st.text(max_size=300))
def test_any_name_becomes_a_safe_stem(name):
    stem = safe_stem(name)
    assert 0 < len(stem) <= 80
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_rows_are_read_as_they_were_written(tmp_path):
    """Ids that look like numbers, titles that look like missing values, and every character that CSV has to quote."""
    rows = [book(id="007", title="NA"), book(id="1342", title='Pride, "Prejudice"\nand Zömbies')]
    write_manifest(tmp_path / "manifest.csv", rows, Book)
    assert read_manifest(tmp_path / "manifest.csv", Book) == rows
    assert (tmp_path / "manifest.csv").read_text(encoding="utf-8").startswith("book,title,author,")


def test_an_encoding_is_a_column_only_where_a_source_names_one(tmp_path):
    rows = [book(id="a"), dataclasses.replace(book(id="b"), encoding="cp1252")]
    write_manifest(tmp_path / "manifest.csv", rows, Book)
    assert read_manifest(tmp_path / "manifest.csv", Book) == rows
    write_manifest(tmp_path / "manifest.csv", rows[:1], Book)
    assert "encoding" not in (tmp_path / "manifest.csv").read_text(encoding="utf-8")
    assert read_manifest(tmp_path / "manifest.csv", Book) == rows[:1]


def test_a_manifest_without_rows_has_columns(tmp_path):
    write_manifest(tmp_path / "missing.csv", [], MissingBook)
    assert (tmp_path / "missing.csv").read_text(encoding="utf-8") == "book,title,author,tried\n"
    assert read_manifest(tmp_path / "missing.csv", MissingBook) == []


def test_a_damaged_manifest_is_named(tmp_path):
    path = tmp_path / "manifest.csv"
    with pytest.raises(DataError, match=r"manifest\.csv does not exist"):
        read_manifest(path, Book)
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"manifest\.csv has columns a, b; expected book"):
        read_manifest(path, Book)
    write_manifest(path, [book()], Book)
    path.write_text(path.read_text(encoding="utf-8").replace(",14,", ",many,"), encoding="utf-8")
    with pytest.raises(DataError, match=r"manifest\.csv is not a manifest"):
        read_manifest(path, Book)


def test_only_the_described_file_is_read(tmp_path):
    row = book()
    with pytest.raises(DataError, match=r"emma\.txt does not exist, although .*manifest\.csv lists it"):
        read_book(tmp_path, row)
    (tmp_path / "emma.txt").write_bytes(b"Emma Woodhouse")
    assert read_book(tmp_path, row) == b"Emma Woodhouse"
    (tmp_path / "emma.txt").write_bytes(b"Emma Knightley")
    with pytest.raises(
        DataError, match=rf"emma\.txt was changed: its sha256 is \w+, .*manifest\.csv says {row.sha256}"
    ):
        read_book(tmp_path, row)
