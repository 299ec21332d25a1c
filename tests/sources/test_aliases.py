"""Aliases: what they hide, and what they keep."""

from poet.sources.aliases import Aliases
from poet.sources.fetched import FetchedBook


def book(title, author):
    return FetchedBook(
        id=title, title=title, author=author, language="de", source=f"folder:{title}", suffix=".txt", content=b"words"
    )


def test_books_and_authors_are_numbered_in_their_order():
    aliases = Aliases()
    renamed = [aliases.rename(book(*names)) for names in (("A", "Lee"), ("B", ""), ("C", "Kim"), ("D", "Lee"))]
    assert [(each.id, each.title, each.author) for each in renamed] == [
        ("book-001", "Book 1", "Author 1"),
        ("book-002", "Book 2", ""),
        ("book-003", "Book 3", "Author 2"),
        ("book-004", "Book 4", "Author 1"),
    ]
    assert {each.source for each in renamed} == {"private"}
    assert {(each.language, each.suffix, each.content) for each in renamed} == {("de", ".txt", b"words")}
