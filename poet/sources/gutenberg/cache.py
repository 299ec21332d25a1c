"""What was fetched once is fetched: books and catalogs of Gutenberg, shared by all projects of a user.

Each book is a file below the user's cache folder with its sha256 beside it; a file that does not match is fetched anew.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from poet.files import sha256, write_json

CATALOG_AGE = 7 * 24 * 3600  # seconds; the feed is made weekly


def cache_folder() -> Path:
    """The user's cache folder for this program (XDG_CACHE_HOME and the like move it)."""
    return platformdirs.user_cache_path("torch-transformer-poet") / "gutenberg"


@dataclass(frozen=True, kw_only=True)
class CachedBook:
    """A file of the cache, and the path below a mirror's root that it came from."""

    path: Path
    source: str


def find_book(number: int) -> CachedBook | None:
    """Book `number`, if it is in the cache and whole; what is damaged is removed."""
    record, path = _record(number), place_for_book(number)
    try:
        about = json.loads(record.read_text(encoding="utf-8"))
        if not about["sha256"] and path.is_file():  # killed between the file, which appears whole, and its hash
            return keep_book(number, about["source"])
        if sha256(path) == about["sha256"]:
            return CachedBook(path=path, source=about["source"])
    except (OSError, ValueError, KeyError):
        pass  # not there, or no record of ours: fetched like a new one
    path.unlink(missing_ok=True)
    return None


def place_for_book(number: int) -> Path:
    """Where the text of book `number` belongs."""
    return _record(number).with_suffix(".txt")


def expect_book(number: int, source: str) -> Path:
    """Note that book `number` is about to come from the path `source` of a mirror; returns where it belongs."""
    write_json(_record(number), {"source": source, "sha256": ""})
    return place_for_book(number)


def keep_book(number: int, source: str) -> CachedBook:
    """Complete the entry of a book that has come."""
    path = place_for_book(number)
    write_json(_record(number), {"source": source, "sha256": sha256(path)})
    return CachedBook(path=path, source=source)


def place_for_catalog(name: str) -> Path:
    """Where the catalog file `name` belongs."""
    return cache_folder() / "feeds" / name


def catalog_is_fresh(path: Path) -> bool:
    """Whether the catalog at `path` is there and younger than a week."""
    return path.is_file() and time.time() - path.stat().st_mtime < CATALOG_AGE


def _record(number: int) -> Path:
    return cache_folder() / "books" / f"{number}.json"
