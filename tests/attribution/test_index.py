"""The index's files: what they hold, in how many shards, and what is said when they are damaged."""

import json

import numpy as np
import pytest

from poet.attribution.build_index import build_index, index_books
from poet.attribution.index import STRIDE, open_index
from poet.attribution.spans import find_spans
from poet.errors import DataError
from poet.params.sections import SplitSettings
from tests.attribution.shelf import indexed
from tests.cleaning.shelf import clean_shelf

SPLIT = SplitSettings(validation=0.1, held_out_books=["held"])


def test_the_index_holds_training_text_only(write_books, tmp_path):
    texts = write_books(one="alpha beta gamma delta " * 10 + "OMEGA", held="secret words")
    meta = build_index(clean_shelf(texts, tmp_path), SPLIT, tmp_path / "index")
    index = open_index(tmp_path / "index")
    assert (index.books, meta["books"]) == (["one"], ["one"])
    assert meta["bytes"] == sum(len(shard.text) for shard in index.exact)
    assert find_spans(index, "alpha beta", 5)
    assert not find_spans(index, "OMEGA", 5)
    assert not find_spans(index, "secret", 5)


def test_suffixes_and_keys_are_sorted_and_complete():
    index = indexed({"a": "banana\0 bandana é" * 20, "b": "ananas"})
    for shard in (*index.exact, *index.normalised):
        content = shard.text.tobytes()
        order = sorted(range(len(content)), key=lambda i: content[i:])
        assert shard.suffixes.tolist() == order
        keys = [int.from_bytes(content[i : i + 8].ljust(8, b"\0")) for i in order[::STRIDE]]
        assert shard.keys.tolist() == keys


def test_the_interval_of_a_passage_holds_its_suffixes():
    index = indexed({"a": "banana\0 bandana é" * 50, "b": "ananas" * 30})
    (shard,) = index.exact
    content = shard.text.tobytes()
    for passage in (b"a", b"ana", b"\0", b"anana", b"ananasana", b"bandana \xc3", b"x", b"\xff", b"bananab", b"z" * 20):
        low, high = shard.interval(passage)
        found = sorted(shard.suffixes[low:high].tolist())
        assert found == [i for i in range(len(content)) if content[i:].startswith(passage)]


def test_books_fill_one_shard_after_the_other():
    index = indexed({"a": "x" * 50, "b": "y" * 40, "c": "z" * 80, "d": ""}, largest=100)
    assert index.books == ["a", "b", "c"]
    assert [shard.books.tolist() for shard in index.exact] == [[0, 1], [2]]
    assert [len(shard.text) for shard in index.exact] == [92, 81]


def test_a_book_larger_than_a_shard_is_named(tmp_path):
    with pytest.raises(DataError, match=r"big has 100 bytes; one book of an index may have 99\. Split it"):
        index_books([("big", "x" * 100)], tmp_path / "index", largest=100)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["text.bin", "suffixes.bin", "keys.bin", "anchors.bin"])
def test_a_damaged_index_is_named(name, tmp_path):
    index_books([("one", "alpha beta")], tmp_path / "index")
    path = tmp_path / "index" / "exact-0" / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=rf"{name} has \d+ bytes, expected"):
        open_index(tmp_path / "index")


def test_an_index_of_another_version_is_refused(tmp_path):
    index_books([("one", "alpha beta")], tmp_path / "index")
    path = tmp_path / "index" / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"format_version": 1}), encoding="utf-8")
    with pytest.raises(DataError, match=r"format_version 1, expected 2\. Run `dvc repro`"):
        open_index(tmp_path / "index")


def test_a_book_without_words_can_be_indexed():
    index = indexed({"dots": ". . ."})
    assert len(index.word_hashes) == 0
    assert [span.surprise for span in find_spans(index, ". .", 3)] == [0.0]


def test_every_character_has_its_place():
    book = "a é\n\n—“ß”𝄞  x" * 300
    (shard,) = indexed({"z": "other", "a": book}).exact
    start = int(shard.starts[1])
    leads = np.flatnonzero((shard.text[start:-1] & 0xC0) != 0x80)
    assert shard.characters_at(start + leads).tolist() == list(range(len(book)))
