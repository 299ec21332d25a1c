"""Files appear whole or not at all."""

import pytest

from poet.errors import DataError
from poet.files import read_json, read_json_lines, read_text, replacing, replacing_folder, write_json, write_json_lines


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise RuntimeError
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_folder_leaves_the_old_one(tmp_path):
    folder = tmp_path / "out"
    with replacing_folder(folder) as temporary:
        (temporary / "a").write_text("1", encoding="utf-8")
    with pytest.raises(RuntimeError), replacing_folder(folder) as temporary:
        raise RuntimeError
    assert [path.name for path in folder.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == [folder]


def test_json_round_trips(tmp_path):
    value = {"text": "é\u2028\n\"'<", "n": [1, 2.5, None]}
    write_json(tmp_path / "a.json", value)
    write_json_lines(tmp_path / "a.jsonl", [value, value])
    assert read_json(tmp_path / "a.json") == value
    assert read_json_lines(tmp_path / "a.jsonl") == [value, value]


def test_nan_is_refused_rather_than_written_as_something_else(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_damaged_files_are_named(tmp_path):
    path = tmp_path / "a.json"
    with pytest.raises(DataError, match=r"a\.json does not exist"):
        read_json(path)
    path.write_bytes(b'{"a": ')
    with pytest.raises(DataError, match="not valid JSON"):
        read_json(path)
    path.write_bytes(b"\xff")
    with pytest.raises(DataError, match="not UTF-8"):
        read_text(path)
