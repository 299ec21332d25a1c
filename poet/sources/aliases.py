"""Neutral names for private books, so that no report and no tracking server shows their titles or authors."""

import dataclasses

from poet.sources.fetched import FetchedBook


class Aliases:
    """Numbers books and authors in the order in which they come; an author keeps the same alias in all books.

    >>> book = FetchedBook(
    ...     id="diary", title="Diary", author="A. Lee", language="en", source="folder:x", suffix=".txt", content=b"")
    >>> renamed = Aliases().rename(book)
    >>> renamed.id, renamed.title, renamed.author, renamed.source
    ('book-001', 'Book 1', 'Author 1', 'private')
    """

    def __init__(self) -> None:
        self.books = 0
        self.authors: dict[str, str] = {}  # name: alias

    def rename(self, book: FetchedBook) -> FetchedBook:
        """`book` with an alias for id, title and author, and without its place; the content stays as it is."""
        self.books += 1
        # A book without an author gets no alias for one: the report would show an author who does not exist.
        author = self.authors.setdefault(book.author, f"Author {len(self.authors) + 1}") if book.author else ""
        return dataclasses.replace(
            book, id=f"book-{self.books:03d}", title=f"Book {self.books}", author=author, source="private"
        )
