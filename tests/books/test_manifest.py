"""The manifest: file names for any title, rows that survive a round trip, files that do not fit."""

import dataclasses
import hashlib
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poet.books.manifest import (
    Book,
    MissingBook,
    read_book,
    read_manifest,
    safe_stem,
    shown_name,
    write_manifest,
)
from poet.errors import DataError
from poet.files import WINDOWS_DEVICES


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


# Every character that a file name can hold, bytes that are not UTF-8 (as surrogates) included; and names that are hard
# to tell apart: they differ in case, accents, punctuation, or beyond the place where a long name is cut.
NAMES = st.text(st.characters(categories=None), max_size=300) | st.text("aAéе\u0301 -_.ßsſ書", max_size=6)
LONG_NAMES = st.builds(lambda start, end: start * 150 + end, st.sampled_from("xЖ書"), st.text("abA-", max_size=2))


@given(NAMES | LONG_NAMES)
@example("con").via("reserved on Windows")
@example("Nul.").via("reserved on Windows, with a dot at the end")
def test_any_name_becomes_a_safe_stem(name):
    stem = safe_stem(name)
    assert 0 < len(stem.encode("utf-8")) <= 120
    assert not any(character in '<>:"/\\|?*.' or character.isspace() for character in stem)
    assert not {unicodedata.category(character)[0] for character in stem.replace("-", "").replace("_", "")} - set("LNM")
    assert stem not in WINDOWS_DEVICES and unicodedata.normalize("NFC", stem) == stem == stem.casefold()
    assert safe_stem(name) == stem


@given(st.sets(st.tuples(NAMES | LONG_NAMES, st.sampled_from([".txt", ".TXT", ".epub", ".md"])), max_size=40))
def test_no_two_files_have_one_stem(files):
    files = {name + suffix: (name, suffix) for name, suffix in files}
    # Two stems must differ also where a file system ignores case and the form of accents.
    stems = {unicodedata.normalize("NFD", safe_stem(*file)).upper() for file in files.values()}
    assert len(stems) == len(files)


@given(NAMES)
def test_a_stem_with_a_digest_is_no_stem_of_another_name(name):
    stem = safe_stem(name)
    assert stem == name or safe_stem(stem) != stem


def test_stems_stay_readable_in_every_script():
    names = ["the-tempest", "henry-iv-part-1", "анна-каренина", "道德經", "कामायनी", "émile", "158"]
    assert [safe_stem(name) for name in names] == names
    for name, start in {
        "Анна Каренина": "анна-каренина_",
        "Émile, ou": "émile-ou_",
        "¿?": "book_",
        "NUL": "nul_",
    }.items():
        assert re.fullmatch(re.escape(start) + "[0-9a-f]{8}", safe_stem(name))


def test_a_name_is_shown_on_one_line_of_utf8():
    assert shown_name("a\r\nb\x07\u2028c\udcff") == "a b c\ufffd"
    assert shown_name("नमस्ते می‌خواهم") == "नमस्ते می‌خواهم"


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
