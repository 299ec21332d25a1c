"""Atomic writes, checked reads, hashes.

A reader never sees half a file: a writer fills a temporary file beside the target, flushes it to the disk and renames
it. When the writer returns, the new name is on the disk too. Text is always UTF-8 with `\\n` as its line end.
"""

import contextlib
import errno
import functools
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pydantic

from poet.errors import DataError, rebuild

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and needed here for a signature alone

Kind = TypeVar("Kind")


# Names that Windows keeps for devices, with and without a suffix.
WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}
)

# What the system says when the disk, a quota or the limit on the size of a file leaves no room.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is flushed to the disk and moved to `path`, on failure
    removed. DataError when the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _full_disk_as_data_error(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            # Without the flush, a power cut could leave the new name with an empty file.
            flush(temporary)
            temporary.replace(path)
            flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; on success it is flushed to the disk and replaces `path`, on
    failure it is removed. DataError when the disk is full.
    """
    # The process id keeps two processes from writing to one temporary folder.
    temporary, old = (path.with_name(f".{path.name}.{os.getpid()}{end}.tmp") for end in ("", ".old"))
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with _full_disk_as_data_error(path):
            temporary.mkdir(parents=True)
            yield temporary
            # The names in a folder are flushed by flushing the folder.
            for inside in sorted(temporary.rglob("*")):
                flush(inside)
            flush(temporary)
            _exchange(temporary, path, old)
            flush(path.parent)
    finally:
        for leftover in (temporary, old):
            shutil.rmtree(leftover, ignore_errors=True)


def _exchange(new: Path, path: Path, old: Path) -> None:
    """Move the folder `path`, if there is one, to `old` and `new` to `path`. On failure `path` is what it was."""
    if not path.exists():
        new.rename(path)
        return
    # Renamed and not removed: removing takes long for a large folder, and a crash in the middle would leave half of it.
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise


def flush(path: Path) -> None:
    """Make the system write a file, or a folder's list of names, to the disk now."""
    is_folder = path.is_dir()
    # Windows cannot open a folder, and flushes a file only if it is open for writing.
    if is_folder and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems flush no folders: they write names at once, or nothing can be done about it.
        if not (is_folder and error.errno in (errno.EINVAL, errno.ENOTSUP)):
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _full_disk_as_data_error(path: Path) -> Iterator[None]:
    """Turn any error in the `with` block that means a full disk into a DataError about `path`."""
    try:
        yield
    except Exception as error:  # Rust libraries have errors of their own for it
        # A file inside the folder `path` has its DataError already, about a temporary name.
        number = _system_error(error) or _system_error(error.__cause__)
        if number not in NO_ROOM:
            raise
        raise DataError(
            f"{path} could not be written: {os.strerror(number).lower()}. What was there before is unchanged. "
            "Make room on that disk and run the command again."
        ) from error


def _system_error(error: BaseException | None) -> int:
    """The system's number of `error`, 0 if it has none. safetensors and tokenizers, written in Rust, give it in text.

    >>> _system_error(OSError(28, "No space left on device")), _system_error(ValueError("(os error 28)"))
    (28, 28)
    """
    if isinstance(error, OSError):
        return error.errno or 0
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else 0


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, line ends untouched."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON; NaN and infinity, which JSON does not have, raise ValueError."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_json_lines(path: Path, values: Iterable[Any]) -> None:
    """Write each of `values` as one line of JSON; NaN and infinity raise ValueError."""
    write_text(path, "".join(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n" for value in values))


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    """Write `table` as CSV without its index; what is missing in it is left empty."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))


def read_text(path: Path) -> str:
    """The UTF-8 text of `path`, line ends untouched; DataError when it is missing or not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Run `dvc repro` to build it.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte {error.start}). It is damaged. {rebuild(path)}") from None


def read_json(path: Path) -> Any:
    """The JSON value in `path`; DataError when it is missing or damaged."""
    try:
        return json.loads(read_text(path))
    # ValueError: also a number of 5,000 digits. RecursionError: thousands of lists in each other.
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not valid JSON: {error}. It is damaged. {rebuild(path)}") from None


def read_json_lines(path: Path) -> list[Any]:
    """The JSON values in `path`, one a line; DataError when it is missing or damaged."""
    try:
        return [json.loads(line) for line in read_text(path).split("\n") if line]
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} has a line that is not JSON: {error}. It is damaged. {rebuild(path)}") from None


def read_json_as(path: Path, kind: type[Kind]) -> Kind:
    """The JSON value in `path` as the dataclass `kind`; DataError when it is missing, damaged or lacks a field.

    Keys that `kind` does not have are passed over, so that an older program reads what a newer one wrote.
    """
    return _as_kind(read_json(path), kind, str(path), path)


def read_json_lines_as(path: Path, kind: type[Kind]) -> list[Kind]:
    """The JSON values in `path`, one a line, each as the dataclass `kind`; DataError as for `read_json_as`."""
    return [_as_kind(value, kind, f"{path}, line {i}", path) for i, value in enumerate(read_json_lines(path), start=1)]


@functools.cache
def _adapter(kind: type[Any]) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(kind)


def _as_kind(value: Any, kind: type[Kind], where: str, path: Path) -> Kind:
    try:
        validated: Kind = _adapter(kind).validate_python(value)  # type: ignore[arg-type]
        return validated
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        raise DataError(
            f"{where}: {key}: {problem['msg'].lower()}. The file is damaged or from another version. {rebuild(path)}"
        ) from None


def sha256(path: Path) -> str:
    """Hex digest of the content of `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
