"""Files appear whole or not at all, and are on the disk when they appear."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from poet.attribution.build_index import index_books
from poet.errors import DataError
from poet.files import (
    read_json,
    read_json_lines,
    read_text,
    replacing,
    replacing_folder,
    write_bytes,
    write_json,
    write_json_lines,
    write_text,
)
from tests.small_disk import SIZE, small_disk
from tests.texts import babble


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


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """The names that are flushed (with the names in a folder then) and renamed, in their order."""
    events, name_of, rename, fsync = [], {}, Path.rename, os.fsync
    opened = os.open

    def open_(path, *arguments, **options):
        descriptor = opened(path, *arguments, **options)
        name_of[descriptor] = Path(path)
        return descriptor

    def fsync_(descriptor):
        path = name_of.get(descriptor)
        events.append(("flush", path.relative_to(tmp_path).as_posix() if path else "?"))
        fsync(descriptor)

    def rename_(path, target):
        events.append(("rename", Path(target).relative_to(tmp_path).as_posix()))
        return rename(path, target)

    monkeypatch.setattr(os, "open", open_)
    monkeypatch.setattr(os, "fsync", fsync_)
    monkeypatch.setattr(Path, "rename", rename_)
    monkeypatch.setattr(Path, "replace", rename_)
    return events


def test_a_folder_is_on_the_disk_before_it_has_its_name(tmp_path, recorded):
    """Files, the folders that name them, the rename, the folder that names the result; a power cut cannot be made."""
    with replacing_folder(tmp_path / "out") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "a").write_bytes(b"1")
    made = f".out.{os.getpid()}.tmp"
    assert recorded == [
        ("flush", f"{made}/deep"),
        ("flush", f"{made}/deep/a"),
        ("flush", made),
        ("rename", "out"),
        ("flush", "."),
    ]
    recorded.clear()
    write_text(tmp_path / "b.txt", "1")
    assert recorded == [("flush", f".b.txt.{os.getpid()}.tmp"), ("rename", "b.txt"), ("flush", ".")]


def test_a_folder_that_cannot_get_its_name_leaves_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("old", encoding="utf-8")
    rename = Path.rename

    def fail(path, target):
        if path.suffix == ".tmp" and ".old" not in path.name:
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="Input/output"), replacing_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("new", encoding="utf-8")
    assert [(path.name, [file.read_text() for file in path.iterdir()]) for path in tmp_path.iterdir()] == [
        ("out", ["old"])
    ]


def write_tensors(path: Path) -> None:
    with replacing_folder(path) as folder:
        save_file({"x": torch.zeros(SIZE)}, folder / "tensors.safetensors")


def write_inside(path: Path) -> None:
    with replacing_folder(path) as folder:
        write_bytes(folder / "a", bytes(2 * SIZE))


def write_index(path: Path) -> None:
    index_books([("a", babble(1, SIZE // 8))], path)


WRITERS = {
    "file": lambda path: write_bytes(path, bytes(2 * SIZE)),
    "file in a folder": write_inside,
    "weights": write_tensors,
    "index": write_index,
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, write):
    with small_disk(tmp_path / "disk") as disk:
        before = disk / "before"
        before.write_bytes(b"1")
        with pytest.raises(DataError) as error:
            write(disk / "out")
        message = error.value.message
        assert message.startswith(f"{disk / 'out'} could not be written: no space left on device"), message
        assert "\n" not in message and "Make room" in message
        assert list(disk.iterdir()) == [before]


def test_every_part_of_an_index_can_meet_a_full_disk(tmp_path):
    """Each with a little more room, so that another of its files is the one that does not fit."""
    with small_disk(tmp_path / "disk") as disk:
        failed = 0
        for free in range(0, SIZE, 16 * 1024):
            (disk / "filler").write_bytes(bytes(SIZE - free))
            try:
                index_books([("a", babble(1, 12_000))], disk / "out")
            except DataError as error:
                failed += 1
                assert "no space left" in error.message
                assert [path.name for path in disk.iterdir()] == ["filler"]
            else:
                break
        assert failed > 3, "several sizes were too small"
