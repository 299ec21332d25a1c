"""A book comes out of the index as it went in, whatever its characters, and lies in whichever shard."""

import pytest

from poet.attribution.build_index import index_books
from poet.attribution.index import open_index
from poet.serve.web.offer import book_text

BOOKS = {
    "plain": "the old king\n" * 50,
    "letters": "日本語 é e\u0301 👩‍👩‍👧 \u202e\x00\r\n" * 20,
    "half": "a\ud800b",
    "last": "z",
}


@pytest.mark.parametrize("largest", [1 << 20, 900])
def test_books_come_out_as_they_went_in(tmp_path, largest):
    index_books(BOOKS.items(), tmp_path / "index", largest=largest)
    index = open_index(tmp_path / "index")
    assert (len(index.exact) > 1) == (largest == 900)
    for name, text in BOOKS.items():
        assert book_text(index, name) == text.replace("\ud800", "\ufffd")
