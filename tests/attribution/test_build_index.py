"""Building an index: what its files hold, in how many shards, and that the same books give the same bytes."""

import pytest

from poet.attribution.build_index import index_books
from poet.attribution.index import KEY_EVERY, open_index
from poet.errors import DataError
from tests.attribution.shelf import indexed


def test_suffixes_and_keys_are_sorted_and_complete():
    index = indexed({"a": "banana\0 bandana é" * 20, "b": "ananas"})
    for shard in (*index.exact, *index.normalised):
        content = shard.text.tobytes()
        order = sorted(range(len(content)), key=lambda i: content[i:])
        assert shard.suffixes.tolist() == order
        keys = [int.from_bytes(content[i : i + 8].ljust(8, b"\0")) for i in order[::KEY_EVERY]]
        assert shard.keys.tolist() == keys


def test_keys_are_written_batch_by_batch(monkeypatch, tmp_path):
    books = [("a", "banana bandana " * 40)]
    index_books(books, tmp_path / "one")
    monkeypatch.setattr("poet.attribution.build_index.KEYS_AT_ONCE", 2 * KEY_EVERY)
    index_books(books, tmp_path / "two")
    name = "exact-0/keys.bin"
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_books_fill_one_shard_after_the_other():
    index = indexed({"a": "x" * 50, "b": "y" * 40, "c": "z" * 80, "d": ""}, largest=100)
    assert index.books == ["a", "b", "c"]
    assert [shard.books.tolist() for shard in index.exact] == [[0, 1], [2]]
    assert [len(shard.text) for shard in index.exact] == [92, 81]


def test_a_book_larger_than_a_shard_is_named(tmp_path):
    with pytest.raises(DataError, match=r"big has 100 bytes; a book of an index may have at most 99\. Split it"):
        index_books([("big", "x" * 100)], tmp_path / "index", largest=100)
    assert not list(tmp_path.iterdir())


def test_the_description_counts_bytes_books_and_words(tmp_path):
    meta = index_books([("a", "the cat, the dog"), ("b", ""), ("c", "the end")], tmp_path / "index")
    index = open_index(tmp_path / "index")
    assert meta.books == index.books == ["a", "c"]
    assert meta.bytes == sum(len(shard.text) for shard in index.exact) == 16 + 7 + 2  # each book ends with a boundary
    assert (meta.words, meta.total_words) == (4, 6)
    assert sorted(index.word_counts.tolist()) == [1, 1, 1, 3]


def test_the_same_books_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        index_books([("a", "some words, some more"), ("b", "and others")], tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 12
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)
