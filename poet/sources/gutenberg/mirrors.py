"""Mirrors of Project Gutenberg, in the order in which they are asked: local folders and web servers, behind one face.

A mirror has a generated tree (`cache/epub/ID/pgID.txt`, always UTF-8) and a main tree (`1/3/4/1342/1342-0.txt`, the
files as they were contributed); either may be missing. Gutenberg's own site is for people, so it is never a default.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from poet.sources.gutenberg import cache
from poet.sources.gutenberg.http import Fetcher, NotServed, Patience, Unreachable

CATALOGS = ("cache/epub/feeds/pg_catalog.csv", "cache/epub/feeds/pg_catalog.csv.gz")


@dataclass(frozen=True, kw_only=True)
class MirrorFile:
    """A file that a mirror has, and its path below the mirror's root."""

    path: Path
    source: str


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Every address that was asked in vain, and why."""

    tried: tuple[str, ...]


def book_paths(number: int) -> list[str]:
    """The places of a book's text below a mirror's root, best first.

    >>> book_paths(1342)
    ['cache/epub/1342/pg1342.txt', '1/3/4/1342/1342-0.txt', '1/3/4/1342/1342.txt', '1/3/4/1342/1342-8.txt']
    >>> book_paths(5)[1], book_paths(10)[1]
    ('0/5/5-0.txt', '1/10/10-0.txt')
    """
    folder = "/".join(str(number)[:-1] or "0") + f"/{number}"
    return [f"cache/epub/{number}/pg{number}.txt", *(f"{folder}/{number}{variant}.txt" for variant in ("-0", "", "-8"))]


class Mirrors:
    """All mirrors of a run. Files of web servers pass through the user's cache.

    A server that could not be reached, after all patience, is not asked again by the same object: the next one is.
    """

    def __init__(self, addresses: Sequence[str], *, max_bytes: int, patience: Patience | None = None) -> None:
        self.addresses = [address.rstrip("/") for address in addresses]
        self.fetcher = Fetcher(session=requests.Session(), limit=max_bytes, patience=patience or Patience())
        self.given_up: dict[str, str] = {}  # address: reason

    def find_book(self, number: int) -> MirrorFile | Missed:
        """Book `number` from the first mirror that has it."""
        tried: list[str] = []
        for address in self.addresses:
            if not _is_remote(address):
                found = _local(address, book_paths(number), tried)
            else:
                found = self._remote_book(address, number, tried)
            if found:
                return found
        return Missed(tried=tuple(tried))

    @functools.cached_property
    def catalog(self) -> MirrorFile | Missed:
        """The catalog feed from the first mirror that has it; from a web server not more than once a week."""
        tried: list[str] = []
        for address in self.addresses:
            if not _is_remote(address):
                found = _local(address, CATALOGS, tried)
            else:
                found = self._remote_catalog(address, tried)
            if found:
                return found
        return Missed(tried=tuple(tried))

    def _remote_book(self, address: str, number: int, tried: list[str]) -> MirrorFile | None:
        if cached := cache.find_book(number):
            return MirrorFile(path=cached.path, source=cached.source)
        for source in book_paths(number):
            if self._fetch(address, source, cache.expect_book(number, source), tried):
                kept = cache.keep_book(number, source)
                return MirrorFile(path=kept.path, source=kept.source)
        return None

    def _remote_catalog(self, address: str, tried: list[str]) -> MirrorFile | None:
        for source in reversed(CATALOGS):  # the packed one first: 5 MB instead of 20
            place = cache.place_for_catalog(Path(source).name)
            if cache.catalog_is_fresh(place) or self._fetch(address, source, place, tried):
                return MirrorFile(path=place, source=source)
        return None

    def _fetch(self, address: str, source: str, place: Path, tried: list[str]) -> bool:
        """Whether the file at `source` of the mirror `address` is now at `place`; if not, `tried` says why."""
        reason = self.given_up.get(address)
        if not reason:
            try:
                self.fetcher.fetch(f"{address}/{source}", place)
                return True
            except NotServed as error:
                reason = str(error)
            except Unreachable as error:
                reason = self.given_up[address] = str(error)
        tried.append(f"{address}/{source} {reason}")
        return False


def _local(address: str, sources: Sequence[str], tried: list[str]) -> MirrorFile | None:
    root = Path(address.removeprefix("file://")).expanduser()
    for source in sources:
        if (root / source).is_file():
            return MirrorFile(path=root / source, source=source)
        tried.append(f"{root / source} does not exist")
    return None


def _is_remote(address: str) -> bool:
    return urlsplit(address).scheme in ("http", "https")
