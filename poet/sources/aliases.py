"""Neutral names for private books, so that no report and no tracking server shows their titles or authors."""

import dataclasses
import hashlib

from poet.books.manifest import PRIVATE
from poet.sources.fetched import FetchedBook

# Each byte of a digest becomes a syllable of one consonant and one vowel: 16 x 4 pairs, of which the lower six bits of
# the byte choose one. Six syllables have 36 bits, so that ten thousand books hardly ever share an alias.
CONSONANTS, VOWELS, SYLLABLES = "bdfghjklmnprstvz", "aiou", 6


class Aliases:
    """Names a book by a digest of its id, and numbers authors; an author keeps the same alias in all books.

    The alias of a book does not depend on the other books: it means the same book after one was added. It is no secret
    code: who guesses the exact name of a file can compute its alias.

    >>> book = FetchedBook(
    ...     id="diary", title="Diary", author="A. Lee", language="en", source="folder:x", suffix=".txt", content=b"")
    >>> renamed = Aliases().rename(book)
    >>> renamed.id, renamed.title, renamed.author, renamed.source
    ('book-tizudo-kapuki', 'Book Tizudo-Kapuki', 'Author 1', 'private')
    """

    def __init__(self) -> None:
        self.authors: dict[str, str] = {}  # name: alias

    def rename(self, book: FetchedBook) -> FetchedBook:
        """`book` with an alias for id, title and author, and without its place; the content stays as it is."""
        name = _pronounceable(book.id)
        # A book without an author gets no alias for one: the report would show an author who does not exist.
        author = self.authors.setdefault(book.author, f"Author {len(self.authors) + 1}") if book.author else ""
        return dataclasses.replace(
            book, id=alias_of(book.id), title=f"Book {name.title()}", author=author, source=PRIVATE
        )


def alias_of(book: str) -> str:
    """The alias for the id `book`, also an id."""
    return f"book-{_pronounceable(book)}"


def _pronounceable(text: str) -> str:
    """Two invented words that a digest of `text` determines: easier to read and to compare than its digits."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()[:SYLLABLES]
    syllables = [CONSONANTS[byte % 16] + VOWELS[byte // 16 % 4] for byte in digest]
    half = SYLLABLES // 2
    return "".join(syllables[:half]) + "-" + "".join(syllables[half:])
