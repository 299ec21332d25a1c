"""Opening an index: lookups in one shard, characters of bytes, and what is said when files are damaged."""

import json
import os
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet import checksums
from poet.attribution.build_index import index_books
from poet.attribution.index import open_index
from poet.attribution.utf8 import is_lead
from poet.errors import DataError
from tests.attribution.shelf import indexed, letters


def test_the_interval_of_a_passage_contains_its_suffixes():
    index = indexed({"a": "banana\0 bandana é" * 50, "b": "ananas" * 30})
    (shard,) = index.exact
    content = shard.text.tobytes()
    for passage in (b"a", b"ana", b"\0", b"anana", b"ananasana", b"bandana \xc3", b"x", b"\xff", b"bananab", b"z" * 20):
        low, high = shard.interval(passage)
        found = sorted(shard.suffixes[low:high].tolist())
        assert found == [i for i in range(len(content)) if content[i:].startswith(passage)]
        assert shard.contains(passage) == bool(found)


def test_every_character_has_its_place():
    book = "a é\n\n—“ß”𝄞  x" * 300
    (shard,) = indexed({"z": "other", "a": book}).exact
    start = int(shard.starts[1])
    leads = np.flatnonzero(is_lead(shard.text[start:-1]))
    assert shard.characters_at(start + leads).tolist() == list(range(len(book)))


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
    meta = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(meta | {"format_version": 1}), encoding="utf-8")
    with pytest.raises(DataError, match=r"format_version 1, expected 2\. Run `dvc repro`"):
        open_index(tmp_path / "index")
    del meta["views"]
    path.write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(DataError, match=r"meta\.json: views: .* run `dvc repro`"):
        open_index(tmp_path / "index")


@given(st.lists(letters, min_size=1, max_size=4), st.integers(1, 50))
def test_the_beginnings_are_those_of_the_books(texts, characters):
    index = indexed({str(number): text for number, text in enumerate(texts)}, largest=170)
    assert list(index.beginnings(characters)) == [text[:characters] for text in texts]


@pytest.fixture
def in_a_project(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_one_flipped_bit_is_named_in_every_file(in_a_project):
    folder = in_a_project / "index"
    index_books([("one", "alpha beta gamma " * 50)], folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 12
    for path in files:
        before = path.read_bytes()
        assert open_index(folder).books == ["one"]
        flip_a_bit(path)
        with pytest.raises(DataError, match=re.escape(path.name)):
            open_index(folder)
        path.write_bytes(before)


def test_an_index_is_hashed_once_until_it_changes(in_a_project, monkeypatch):
    hashed = []
    real = checksums.sha256
    monkeypatch.setattr(checksums, "sha256", lambda path: hashed.append(path.name) or real(path))
    folder = in_a_project / "index"
    index_books([("one", "alpha beta")], folder)
    hashed.clear()
    for expected in (11, 0, 0):
        open_index(folder)
        assert len(hashed) == expected
        hashed.clear()
    os.utime(folder / "exact-0" / "text.bin")
    open_index(folder)
    assert len(hashed) == 11
    (note,) = (in_a_project / ".poet/checked").iterdir()
    note.write_bytes(b"\xff{")
    open_index(folder)
    assert len(hashed) == 22, "a damaged note is no note"


def test_no_note_is_written_for_a_folder_outside_the_project(in_a_project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere") / "index"
    index_books([("one", "alpha beta")], folder)
    open_index(folder)
    assert not (in_a_project / ".poet").exists()
