"""The catalog: its rows, damaged ones among them, and files that are cut, old or no catalog."""

import gzip
import os
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.errors import SourceError
from poet.sources.gutenberg import cache
from poet.sources.gutenberg.catalog import open_catalog
from poet.sources.gutenberg.mirrors import Mirrors
from tests.sources.gutenberg.policy import FAST
from tests.sources.gutenberg.small_mirror import CATALOG, write_catalog
from tests.sources.server import Server

HEADER = CATALOG.splitlines()[0] + "\n"
ROW = '{},Text,2000-01-01,"A title, {}",en,"Doe, J.",Fiction,PS,\n'


@pytest.fixture
def folder(tmp_path):
    """A mirror that has the small catalog."""
    write_catalog(tmp_path / "mirror")
    return tmp_path / "mirror"


def read(*addresses):
    return open_catalog(Mirrors([str(each) for each in addresses], max_bytes=10**6, policy=FAST))


def numbers(catalog):
    return [entry.id for entry in catalog.entries]


def test_texts_are_listed_once_and_titles_lose_their_line_breaks(folder):
    catalog = read(folder)
    assert numbers(catalog) == [768, 1260, 4280, 6342]
    assert catalog.entries[1].title == "Jane Eyre An Autobiography"
    assert catalog.remarks == ()


@pytest.mark.parametrize(
    ("damage", "count"),
    [
        ('60004,Text,2019-01-01,"Short row",en\n', 1),
        ("60004,Text\n", 1),
        ('60004,Text,2019-01-01,"A quote that is never closed,en,"Doe, J.",Fiction,PS,\n', 1),
        ("60004,Text,2019-01-01,One,comma,too,many,here,en,x,Fiction,PS,\n", 1),
        (",Text,2019-01-01,No number,en,x,Fiction,PS,\n", 1),
        ("\x00\x00\x00\n", 1),
        (f"{'9' * 5000},Text,2019-01-01,Long number,en,x,Fiction,PS,\n", 1),
        (f"60004,Text,2019-01-01,{'long ' * 40_000},en,x,Fiction,PS,\n", 1),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_damaged_row_is_skipped_alone_and_counted(folder, damage, count, place):
    rows = [ROW.format(7, "one"), ROW.format(8, "two")]
    path = write_catalog(folder, HEADER + "".join([*rows[:place], damage, *rows[place:]]))
    catalog = read(folder)
    assert numbers(catalog) == [7, 8]
    assert catalog.remarks == (f"{path}: {count} damaged row skipped",)


def test_the_rows_of_a_cut_file_are_read(folder):
    whole = (HEADER + "".join(ROW.format(i, i) for i in range(1, 200))).encode()
    path = write_catalog(folder, whole[:-20].decode())
    assert numbers(read(folder)) == list(range(1, 199))
    packed = gzip.compress(whole)
    for cut in (packed[: len(packed) * 2 // 3], packed[:-4], packed[:700] + b"\xff" * 20 + packed[720:]):
        path.unlink(missing_ok=True)
        path.with_name("pg_catalog.csv.gz").write_bytes(cut)
        catalog = read(folder)
        assert numbers(catalog) == list(range(1, len(catalog.entries) + 1))
        assert re.search(rf"is cut or damaged: {len(catalog.entries)} books of it can be read", catalog.remarks[0])


def test_letters_that_are_no_utf8_are_told(folder):
    path = write_catalog(folder)
    path.write_bytes(HEADER.encode() + "7,Text,2000-01-01,Müller,en,,,,\n".encode("latin-1"))
    catalog = read(folder)
    assert catalog.entries[0].title == "M\ufffdller"
    assert catalog.remarks == (f"{path}: 1 title has unreadable letters",)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory, content):
    path = write_catalog(tmp_path_factory.mktemp("mirror"))
    path.write_bytes(HEADER.encode() + ROW.format(7, "one").encode() + content)
    assert 7 in numbers(read(path.parents[3]))
    path.write_bytes(content)
    with pytest.raises(SourceError, match="is not Gutenberg's catalog"):
        read(path.parents[3])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a,b\n1,2\n", "it begins with 'a,b 1,2', without the column Text#"),
        ("<!DOCTYPE html>\n<html>Sign in</html>", "it begins with '<!DOCTYPE html> <html>Sign in</html>'"),
        ("", "it is empty"),
        (HEADER, "no row has the form of a book"),
        (HEADER + "x,Text,,,,,,,\n", "no row has the form of a book"),
    ],
)
def test_a_file_that_is_no_catalog_is_named_and_the_next_is_taken(folder, tmp_path, content, reason):
    path = write_catalog(tmp_path / "other", content)
    with pytest.raises(SourceError, match=re.escape(f"{path} is not Gutenberg's catalog ({reason}")):
        read(tmp_path / "other")
    catalog = read(tmp_path / "other", folder)
    assert len(catalog.entries) == 4
    assert reason in catalog.remarks[0]


def test_no_catalog_at_all_is_an_error_with_every_address(tmp_path):
    with pytest.raises(SourceError, match=r"(?s)no mirror has Gutenberg's catalog.*pg_catalog\.csv does not exist"):
        read(tmp_path)


def test_an_old_catalog_serves_when_no_mirror_can_be_reached():
    path = cache.catalog_path("pg_catalog.csv.gz")
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(CATALOG.encode()))
    ten_days_ago = time.time() - 10 * 24 * 3600
    os.utime(path, (ten_days_ago, ten_days_ago))
    catalog = read("http://127.0.0.1:1")
    assert len(catalog.entries) == 4
    assert catalog.remarks == (f"no mirror has the catalog now; {path} is used, 10 days old",)
    with Server() as server:
        server.files["/cache/epub/feeds/pg_catalog.csv.gz"] = gzip.compress((HEADER + ROW.format(7, "new")).encode())
        assert numbers(read(server.address)) == [7]
        assert read("http://127.0.0.1:1").remarks == ()
