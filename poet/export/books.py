"""The training text of all books as bytes that a page holds, for tracing; and what a page says of each book."""

import base64
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from poet.attribution.index import BOUNDARY
from poet.attribution.least_length import BEGINNING, least_length
from poet.books.split import SplitBook
from poet.report.languages import shared_language


@dataclass(frozen=True, kw_only=True)
class PackedBooks:
    """The books that were trained on: `facts` of each for a reader, and `least_length`, that of a traced passage.

    `language` is what all of them are written in, as the manifest names it; "" where they differ.

    `text` is base64 of gzip of the training texts, with BOUNDARY behind each; "" where they are left out because their
    `size` in bytes is above the limit. `places` tells the program of the page whose texts they are.
    """

    facts: list[dict[str, Any]]
    language: str
    places: list[dict[str, Any]]
    least_length: int
    size: int
    text: str


def pack_books(books: Iterable[SplitBook], max_bytes: int) -> PackedBooks:
    """The books that have training text. No more than `max_bytes` of it are in memory, and one book."""
    facts, places, beginnings, languages = [], [], [], []
    content: list[bytes] = []
    size = 0
    for book in books:
        # Held-out books are not trained on; nothing can have been copied from them.
        if not book.training:
            continue
        facts.append({"id": book.id, "title": book.row.title, "author": book.row.author})
        places.append({"id": book.id, "characters": len(book.text)})
        beginnings.append(book.training[:BEGINNING])
        languages.append(book.row.language)
        encoded = book.training.encode("utf-8")
        size += len(encoded)
        content.append(encoded + BOUNDARY)
        if size > max_bytes:
            content.clear()
    return PackedBooks(
        facts=facts,
        language=shared_language(languages),
        places=places,
        least_length=least_length(beginnings),
        size=size,
        text=_compressed(b"".join(content)) if size <= max_bytes else "",
    )


def _compressed(content: bytes) -> str:
    # Without the time of day, the same books make the same page.
    return base64.b64encode(gzip.compress(content, compresslevel=9, mtime=0)).decode("ascii")
