"""A book as every source yields it, and how its bytes and its row of the manifest are kept."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from poet.books.manifest import Book


@dataclass(frozen=True, kw_only=True)
class FetchedBook:
    """The bytes of one book as served, and what its source knows about it.

    `source` is the place that the book came from. `suffix` names the format of `content`, such as `.txt` or `.md`
    (`poet.cleaning.formats.table` lists them). The other fields are those of `poet.books.manifest.Book`.
    """

    id: str
    title: str
    author: str
    language: str
    source: str
    suffix: str
    content: bytes
    encoding: str = ""


def store_book(folder: Path, fetched: FetchedBook) -> Book:
    """Write the bytes of `fetched` to `folder`, unchanged; returns the book's row of the manifest."""
    file = fetched.id + fetched.suffix
    (folder / file).write_bytes(fetched.content)
    return Book(
        id=fetched.id,
        title=fetched.title,
        author=fetched.author,
        language=fetched.language,
        source=fetched.source,
        file=file,
        bytes=len(fetched.content),
        # The clean stage compares this hash, so that a file that was edited by hand is noticed.
        sha256=hashlib.sha256(fetched.content).hexdigest(),
        encoding=fetched.encoding,
    )
