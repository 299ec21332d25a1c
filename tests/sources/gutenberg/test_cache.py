"""The cache: what is damaged or incomplete in it, and how long a catalog stays."""

import os
import time

import pytest

from poet.errors import SourceError
from poet.sources.gutenberg import cache
from poet.sources.gutenberg.mirrors import Mirrors
from tests.sources.gutenberg.policy import FAST
from tests.sources.server import Server

BOOK = b"To be, or not to be: that is the question.\n"


@pytest.fixture
def server():
    with Server() as server:
        server.files["/cache/epub/7/pg7.txt"] = BOOK
        yield server


@pytest.fixture
def mirrors(server):
    return Mirrors([server.address], max_bytes=10**6, policy=FAST)


def test_a_damaged_entry_is_fetched_anew(server, mirrors):
    path = mirrors.find_book(7).path
    path.write_bytes(b"damaged")
    assert cache.find_book(7) is None
    assert mirrors.find_book(7).path.read_bytes() == BOOK
    assert len(server.requested) == 2


def test_a_cache_that_cannot_be_written_is_one_message(mirrors, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(SourceError, match=r"the cache .*file/torch-transformer-poet/gutenberg cannot be used"):
        mirrors.find_book(7)


def test_a_kill_between_a_text_and_its_hash_is_mended(server, mirrors):
    found = mirrors.find_book(7)
    cache.begin_entry(7, found.source)  # what the entry looks like then
    assert mirrors.find_book(7) == found
    assert len(server.requested) == 1


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"sha256": "x"}'])
def test_a_record_of_another_program_is_no_entry(record):
    path = cache.begin_entry(7, "somewhere")
    path.write_bytes(BOOK)
    path.with_suffix(".json").write_text(record, encoding="utf-8")
    assert cache.find_book(7) is None
    assert not path.exists()


def test_a_catalog_is_fresh_for_a_week():
    path = cache.catalog_path("pg_catalog.csv")
    assert not cache.catalog_is_fresh(path)
    path.parent.mkdir(parents=True)
    path.write_text("x", encoding="utf-8")
    assert cache.catalog_is_fresh(path)
    eight_days_ago = time.time() - 8 * 24 * 3600
    os.utime(path, (eight_days_ago, eight_days_ago))
    assert not cache.catalog_is_fresh(path)
