"""Neutral names for private books: what a report or a tracking server shows then says nothing of the documents."""

import dataclasses

from poet.sources.fetched import FetchedBook


class Aliases:
    """Numbers books and authors in the order in which they come; the same author keeps one alias."""

    def __init__(self) -> None:
        self.books = 0
        self.authors: dict[str, str] = {}

    def rename(self, book: FetchedBook) -> FetchedBook:
        """`book` under aliases: id, title, author and source; its content is not touched."""
        self.books += 1
        author = self.authors.setdefault(book.author, f"Author {len(self.authors) + 1}") if book.author else ""
        return dataclasses.replace(
            book, id=f"book-{self.books:03d}", title=f"Book {self.books}", author=author, source="private"
        )
