"""Mirrors of Project Gutenberg, local folders and web servers alike, tried in the order of `download.mirrors`.

A mirror has two trees, of which either may be missing:
- the generated tree, `cache/epub/1342/pg1342.txt`: always UTF-8;
- the main tree, `1/3/4/1342/1342-0.txt`: the files as they were contributed, in several encodings.
Gutenberg's own site is meant for people and blocks programs, so it is never a default.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from poet.sources.gutenberg import cache
from poet.sources.gutenberg.cache import MirrorFile
from poet.sources.gutenberg.http import HttpClient, RequestPolicy, ServerUnreachable, UnusableResponse

# The places of the catalog below a mirror's root, plain and packed; a mirror may have either.
CATALOGS = ("cache/epub/feeds/pg_catalog.csv", "cache/epub/feeds/pg_catalog.csv.gz")


@dataclass(frozen=True, kw_only=True)
class NotFound:
    """A file that no mirror has; `tried` lists every address with the reason of its failure."""

    tried: tuple[str, ...]


def book_paths(number: int) -> list[str]:
    """The places of a book's text below a mirror's root, best first.

    In the main tree, every digit of the number but the last is a folder; `-0` marks UTF-8, `-8` an 8-bit encoding, and
    a bare name ASCII, in which accents are lost, so that it comes last.

    >>> book_paths(1342)
    ['cache/epub/1342/pg1342.txt', '1/3/4/1342/1342-0.txt', '1/3/4/1342/1342-8.txt', '1/3/4/1342/1342.txt']
    >>> book_paths(5)[1], book_paths(10)[1]
    ('0/5/5-0.txt', '1/10/10-0.txt')
    """
    folder = "/".join(str(number)[:-1] or "0") + f"/{number}"
    return [f"cache/epub/{number}/pg{number}.txt", *(f"{folder}/{number}{variant}.txt" for variant in ("-0", "-8", ""))]


class Mirrors:
    """All mirrors of one source. Files of web servers pass through the user's cache.

    A server that stays unreachable after all retries is not tried again by the same object.
    """

    def __init__(self, addresses: Sequence[str], *, max_bytes: int, policy: RequestPolicy | None = None) -> None:
        self.addresses = [address.rstrip("/") for address in addresses]
        self.client = HttpClient(session=requests.Session(), max_bytes=max_bytes, policy=policy or RequestPolicy())
        self.unreachable: dict[str, str] = {}  # address of a mirror: why it cannot be reached

    def find_book(self, number: int) -> MirrorFile | NotFound:
        """Book `number` from the first mirror that has it."""
        tried: list[str] = []
        for address in self.addresses:
            if _is_web_server(address):
                found = self._fetch_book(address, number, tried)
            else:
                found = _find_in_folder(address, book_paths(number), tried)
            if found:
                return found
        return NotFound(tried=tuple(tried))

    @functools.cached_property
    def catalog(self) -> MirrorFile | NotFound:
        """The catalog from the first mirror that has it; from a web server at most once a week."""
        tried: list[str] = []
        for address in self.addresses:
            if _is_web_server(address):
                found = self._fetch_catalog(address, tried)
            else:
                found = _find_in_folder(address, CATALOGS, tried)
            if found:
                return found
        return NotFound(tried=tuple(tried))

    def _fetch_book(self, address: str, number: int, tried: list[str]) -> MirrorFile | None:
        if cached := cache.find_book(number):
            return cached
        for source in book_paths(number):
            if self._fetch(address, source, cache.begin_entry(number, source), tried):
                return cache.complete_entry(number, source)
        return None

    def _fetch_catalog(self, address: str, tried: list[str]) -> MirrorFile | None:
        # The packed catalog first: 5 MB instead of 20.
        for source in reversed(CATALOGS):
            path = cache.catalog_path(Path(source).name)
            if cache.catalog_is_fresh(path) or self._fetch(address, source, path, tried):
                return MirrorFile(path=path, source=source)
        return None

    def _fetch(self, address: str, source: str, path: Path, tried: list[str]) -> bool:
        """Fetch the file `source` of the mirror `address` to `path`; if that fails, add the reason to `tried`.

        Returns whether the file is now at `path`.
        """
        reason = self.unreachable.get(address)
        if not reason:
            try:
                self.client.fetch(f"{address}/{source}", path)
                return True
            except UnusableResponse as error:
                reason = str(error)  # The server works; it may have the next file.
            except ServerUnreachable as error:
                reason = self.unreachable[address] = str(error)
        tried.append(f"{address}/{source} {reason}")
        return False


def _find_in_folder(address: str, sources: Sequence[str], tried: list[str]) -> MirrorFile | None:
    """The first of `sources` that exists in the mirror folder `address`; adds those that do not to `tried`."""
    root = Path(address.removeprefix("file://")).expanduser()
    for source in sources:
        if (root / source).is_file():
            return MirrorFile(path=root / source, source=source)
        tried.append(f"{root / source} does not exist")
    return None


def _is_web_server(address: str) -> bool:
    return urlsplit(address).scheme in ("http", "https")
