"""Fetched books: their bytes on the disk, and their row of the manifest."""

import hashlib

from poet.books.manifest import read_book
from poet.sources.fetched import FetchedBook, store_book


def test_the_bytes_are_stored_as_served(tmp_path):
    content = b"\xef\xbb\xbfEmma\r\n\x1a"
    fetched = FetchedBook(
        id="158", title="Emma", author="Jane Austen", language="en", source="x", suffix=".txt", content=content
    )
    row = store_book(tmp_path, fetched)
    assert (tmp_path / "158.txt").read_bytes() == content
    assert (row.id, row.file, row.bytes) == ("158", "158.txt", len(content))
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    assert read_book(tmp_path, row) == content
