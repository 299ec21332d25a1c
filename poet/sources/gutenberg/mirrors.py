"""Mirrors of Project Gutenberg, local folders and web servers alike, tried in the order of `download.mirrors`.

A mirror has two trees, of which either may be missing:
- the generated tree, `cache/epub/1342/pg1342.txt`: always UTF-8;
- the main tree, `1/3/4/1342/1342-0.txt`: the files as they were contributed, in several encodings.
Gutenberg's own site is meant for people and blocks programs, so it is never a default.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from poet.addresses import hide_credentials
from poet.sources.gutenberg import cache
from poet.sources.gutenberg.cache import MirrorFile
from poet.sources.gutenberg.http import FileSession, HttpClient, RequestPolicy, ServerUnreachable, UnusableResponse

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
    """All mirrors. Files of web servers pass through the user's cache.

    One object serves all sources of a run: it keeps the pauses between requests, and a server that stays unreachable
    after all retries is not tried again. Addresses may hold credentials, which are used and never shown.
    """

    def __init__(self, addresses: Sequence[str], *, max_bytes: int, policy: RequestPolicy | None = None) -> None:
        self.addresses = [address.rstrip("/") for address in addresses]
        self.client = HttpClient(session=FileSession(), max_bytes=max_bytes, policy=policy or RequestPolicy())
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

    def catalogs(self, tried: list[str]) -> Iterator[MirrorFile]:
        """Each catalog that can be had, best first, the next only when it is asked for; failures are added to `tried`.

        From a web server, a catalog is fetched at most once a week. After all mirrors come older catalogs of the cache.
        """
        for address in self.addresses:
            if _is_web_server(address):
                yield from self._fetch_catalogs(address, tried)
            else:
                yield from _find_all_in_folder(address, CATALOGS, tried)
        for source in reversed(CATALOGS):
            path = cache.catalog_path(Path(source).name)
            if path.is_file() and not cache.catalog_is_fresh(path):
                yield MirrorFile(path=path, source=source, age_days=cache.age_days(path))

    def _fetch_book(self, address: str, number: int, tried: list[str]) -> MirrorFile | None:
        with cache.locked(cache.book_path(number)):
            if cached := cache.find_book(number):
                return cached
            for source in book_paths(number):
                if self._fetch(address, source, cache.begin_entry(number, source), tried):
                    return cache.complete_entry(number, source)
        return None

    def _fetch_catalogs(self, address: str, tried: list[str]) -> Iterator[MirrorFile]:
        # The packed catalog first: 5 MB instead of 20.
        for source in reversed(CATALOGS):
            path = cache.catalog_path(Path(source).name)
            with cache.locked(path):
                is_there = cache.catalog_is_fresh(path) or self._fetch(address, source, path, tried)
            if is_there:
                yield MirrorFile(path=path, source=source)

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
        tried.append(f"{hide_credentials(address)}/{source} {reason}")
        return False


def _find_in_folder(address: str, sources: Sequence[str], tried: list[str]) -> MirrorFile | None:
    """The first of `sources` that exists in the mirror folder `address`; adds those that do not to `tried`."""
    return next(_find_all_in_folder(address, sources, tried), None)


def _find_all_in_folder(address: str, sources: Sequence[str], tried: list[str]) -> Iterator[MirrorFile]:
    """Those of `sources` that exist in the mirror folder `address`; adds those that do not to `tried`."""
    if _has_other_scheme(address):
        tried.append(f"{hide_credentials(address)} is neither a folder nor an address with http:// or https://")
        return
    root = Path(address.removeprefix("file://")).expanduser()
    for source in sources:
        if (root / source).is_file():
            yield MirrorFile(path=root / source, source=source)
        else:
            tried.append(f"{root / source} does not exist")


def _has_other_scheme(address: str) -> bool:
    """Whether `address` is neither a folder nor of a web server, such as one of FTP."""
    return "://" in address and not _is_web_server(address) and not address.startswith("file://")


def _is_web_server(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))
