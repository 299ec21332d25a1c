"""Project Gutenberg through its mirrors: a local folder or an http(s) address, in the order given, book by book.

A mirror has a generated tree (`cache/epub/ID/pgID.txt`, always UTF-8) and a main tree (`1/3/4/1342/1342-0.txt`, the
files
as they were contributed). The generated file is preferred. Gutenberg's own site is for people, so it is never a
default.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import requests

from poet.config import DownloadSettings, GutenbergSource
from poet.corpus.manifest import MissingBook
from poet.corpus.sources.fetched import FetchedBook
from poet.errors import SourceError

USER_AGENT = "torch-transformer-poet/0.1 (trains small language models on books)"
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of the body
PAUSE = 2.0  # seconds between two requests to one public host, as Gutenberg asks of robots
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

# Two or three letters for the language names that Gutenberg's headers spell out.
LANGUAGES = {
    "english": "en",
    "german": "de",
    "french": "fr",
    "italian": "it",
    "spanish": "es",
    "latin": "la",
    "greek": "el",
    "dutch": "nl",
}


def fetch_gutenberg(source: GutenbergSource, settings: DownloadSettings) -> Iterator[FetchedBook | MissingBook]:
    """Each of `source.ids` from the first mirror that has it; a MissingBook, or SourceError unless missing books are
    allowed.
    """
    with requests.Session() as session:
        session.headers["User-Agent"] = USER_AGENT
        mirrors = [Mirror(address, session) for address in settings.mirrors]
        for number in source.ids:
            book = _fetch_book(number, mirrors)
            if isinstance(book, MissingBook) and not settings.allow_missing:
                tried = "\n".join(f"  {address}" for address in book.tried.split(" "))
                raise SourceError(
                    f"no mirror has book {number}; tried\n{tried}\n"
                    "Add a mirror to download.mirrors, remove the id, or set download.allow_missing to true to go on "
                    "without it."
                )
            yield book


def book_paths(number: int) -> list[str]:
    """The places of a book's text below a mirror's root, best first.

    >>> book_paths(1342)
    ['cache/epub/1342/pg1342.txt', '1/3/4/1342/1342-0.txt', '1/3/4/1342/1342.txt', '1/3/4/1342/1342-8.txt']
    >>> book_paths(5)[1]
    '0/5/5-0.txt'
    """
    folder = "/".join(str(number)[:-1] or "0") + f"/{number}"
    return [f"cache/epub/{number}/pg{number}.txt", *(f"{folder}/{number}{variant}.txt" for variant in ("-0", "", "-8"))]


class Mirror:
    """One mirror: reads files below a folder, or asks a web server politely."""

    def __init__(self, address: str, session: requests.Session) -> None:
        parts = urlsplit(address)
        self.address = address.rstrip("/")
        self.remote = parts.scheme in ("http", "https")
        self.session = session
        self.pause = 0.0 if parts.hostname in LOOPBACK else PAUSE
        self.next_request = 0.0  # time.monotonic() before which the host is left alone

    def read(self, path: str) -> bytes | None:
        """The bytes at `path`, or None when the mirror does not have it; SourceError when it cannot be asked."""
        if not self.remote:
            file = Path(self.address.removeprefix("file://")).expanduser() / path
            return file.read_bytes() if file.is_file() else None
        time.sleep(max(0.0, self.next_request - time.monotonic()))
        try:
            response = self.session.get(f"{self.address}/{path}", timeout=TIMEOUT)
        except requests.RequestException as error:
            raise SourceError(
                f"{self.address}/{path} cannot be reached: {error}. Check the network, or the order of "
                "download.mirrors."
            ) from None
        finally:
            self.next_request = time.monotonic() + self.pause
        if response.status_code in (403, 404, 410):
            return None
        if not response.ok:
            raise SourceError(
                f"{self.address}/{path} answered {response.status_code} {response.reason}; try later, or another "
                "mirror first"
            )
        return response.content


def _fetch_book(number: int, mirrors: list[Mirror]) -> FetchedBook | MissingBook:
    for mirror in mirrors:
        for path in book_paths(number):
            if content := mirror.read(path):
                title, author, language = _parse_header(content, number)
                return FetchedBook(
                    book=str(number),
                    title=title,
                    author=author,
                    language=language,
                    source=f"gutenberg:{path}",
                    suffix=".txt",
                    content=content,
                )
    tried = [f"{mirror.address}/{path}" for mirror in mirrors for path in book_paths(number)]
    return MissingBook(book=str(number), title=f"Project Gutenberg {number}", author="", tried=" ".join(tried))


def _parse_header(content: bytes, number: int) -> tuple[str, str, str]:
    """Title, author and language from the `Title:` lines of a Gutenberg header, as far as it has them."""
    head = content[:6000].decode("utf-8", "replace").replace("\r\n", "\n")

    def field(name: str) -> str:
        found = re.search(rf"^{name}: *(.+(?:\n +\S.*)*)", head, re.MULTILINE)
        return " ".join(found[1].split()) if found else ""

    language = field("Language").lower()
    return field("Title") or f"Project Gutenberg {number}", field("Author"), LANGUAGES.get(language, language[:3])
