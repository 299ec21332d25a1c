"""The hashes of the files in a folder, written beside them and compared once, when the folder is first opened.

A large file that is mapped into memory is never read as a whole: one flipped bit in it would give wrong results without
a word. To hash it at each opening would take longer than most commands. So `check_files` notes which files it has found
right, by size, time of change and inode, and hashes them again only after one of these has changed.
"""

import contextlib
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from poet.errors import DataError, rebuild
from poet.files import read_json, sha256, write_json
from poet.project import project_root, state_folder

# The file of hashes, by the path of each file in the folder.
CHECKSUMS = "sha256.json"

# The folder in .poet for the notes, one for each folder that was found right.
NOTES = "checked"


def write_checksums(folder: Path) -> None:
    """Write the hashes of all files in `folder`; the last thing that its writer does."""
    write_json(folder / CHECKSUMS, _hashes(folder, _names(folder)))


def check_files(folder: Path) -> None:
    """DataError if a file of `folder` is missing or is not the one that was written there."""
    expected: Any = read_json(folder / CHECKSUMS)
    if not isinstance(expected, dict):
        raise DataError(f"{folder / CHECKSUMS} does not hold hashes. {rebuild(folder)}")
    if missing := sorted(name for name in expected if not (folder / name).is_file()):
        raise DataError(f"{folder / missing[0]} does not exist. {rebuild(folder)}")
    note = _note(folder)
    now = {"hashes": expected, "files": {name: _about(folder / name) for name in expected}}
    # Whatever is wrong with the note, the files are then hashed.
    with contextlib.suppress(DataError):
        if read_json(note) == now:
            return
    found = _hashes(folder, list(expected))
    if wrong := sorted(name for name in expected if found[name] != expected[name]):
        raise DataError(
            f"{folder / wrong[0]} is damaged: its sha256 is not the one in {folder / CHECKSUMS}. {rebuild(folder)}"
        )
    # Another folder, and one of a project that cannot be written to, is hashed every time.
    if folder.resolve().is_relative_to(project_root().resolve()):
        with contextlib.suppress(OSError):
            write_json(note, now)


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _hashes(folder: Path, names: list[str]) -> dict[str, str]:
    # hashlib lets other threads run meanwhile, so two processors hash two files at once.
    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(lambda name: sha256(folder / name), names), strict=True))


def _about(path: Path) -> list[int]:
    """What changes when somebody writes to the file `path`, without reading it."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _note(folder: Path) -> Path:
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return state_folder(project_root(), NOTES) / f"{name}.json"
