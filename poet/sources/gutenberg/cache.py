"""The cache of Gutenberg's books and catalogs, shared by all projects of a user: no file is fetched twice.

Each book is a text below the user's cache folder, with a JSON record of its sha256 beside it. A text that does not
match its record is fetched anew. Processes take turns: whoever reads or changes an entry holds its lock.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs

from poet.errors import SourceError
from poet.files import sha256, write_json
from poet.progress import log

# Seconds after which a catalog is fetched anew. Gutenberg makes a new one every week.
MAX_CATALOG_AGE = 7 * 24 * 3600

# Seconds of waiting for another process after which a line says so.
QUIET_WAIT = 2.0


@dataclass(frozen=True, kw_only=True)
class MirrorFile:
    """A file of a mirror: where it can be read on this machine, and its path `source` below the mirror's root.

    `age_days`: of a catalog that is older than MAX_CATALOG_AGE, its age; else 0.
    """

    path: Path
    source: str
    age_days: int = 0


def cache_folder() -> Path:
    """The cache folder of this program for the user; XDG_CACHE_HOME and its counterparts on other systems move it."""
    return platformdirs.user_cache_path("torch-transformer-poet") / "gutenberg"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the cache's file `path`; wait while another process holds it.

    The system ends the lock with its process, so that a killed one blocks nobody. SourceError when the cache cannot be
    written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path.with_name(path.name + ".lock"))
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(lock.acquire(timeout=QUIET_WAIT))
            except filelock.Timeout:
                log(f"waits for another process, which is fetching {path.name} (its lock is {lock.lock_file})")
                held.enter_context(lock.acquire())
            yield
    except OSError as error:
        raise SourceError(
            f"the cache {cache_folder()} cannot be used ({error}). Make room or permit writing there, or set "
            "XDG_CACHE_HOME to another folder."
        ) from None


def find_book(number: int) -> MirrorFile | None:
    """Book `number`, if the cache has it undamaged; a damaged text is removed."""
    record, path = _record_path(number), book_path(number)
    try:
        about = json.loads(record.read_text(encoding="utf-8"))
        # The program was killed between the text, which appears complete or not at all, and its hash.
        if not about["sha256"] and path.is_file():
            return complete_entry(number, about["source"])
        if sha256(path) == about["sha256"]:
            return MirrorFile(path=path, source=about["source"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # No entry, or no record that this program wrote: the book is fetched as if it were new.
    path.unlink(missing_ok=True)
    return None


def book_path(number: int) -> Path:
    """The place of the text of book `number` in the cache."""
    return _record_path(number).with_suffix(".txt")


def begin_entry(number: int, source: str) -> Path:
    """Record that book `number` is about to come from the path `source` of a mirror; returns the place for its text.

    The record comes before the text, so that a text without a hash still says where it came from.
    """
    write_json(_record_path(number), {"source": source, "sha256": ""})
    return book_path(number)


def complete_entry(number: int, source: str) -> MirrorFile:
    """Add the hash to the record of book `number`, whose text is now in its place."""
    path = book_path(number)
    write_json(_record_path(number), {"source": source, "sha256": sha256(path)})
    return MirrorFile(path=path, source=source)


def catalog_path(name: str) -> Path:
    """The place of the catalog file `name` in the cache."""
    return cache_folder() / "feeds" / name


def catalog_is_fresh(path: Path) -> bool:
    """Whether the catalog at `path` exists and is younger than MAX_CATALOG_AGE."""
    return path.is_file() and time.time() - path.stat().st_mtime < MAX_CATALOG_AGE


def age_days(path: Path) -> int:
    """Whole days since the file at `path` was fetched."""
    return int((time.time() - path.stat().st_mtime) // (24 * 3600))


def _record_path(number: int) -> Path:
    return cache_folder() / "books" / f"{number}.json"
