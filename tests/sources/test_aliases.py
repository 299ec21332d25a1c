"""Aliases: what they hide, and what they keep."""

import re

from poet.sources.aliases import Aliases
from poet.sources.fetched import FetchedBook


def book(title, author):
    return FetchedBook(
        id=title, title=title, author=author, language="de", source=f"folder:{title}", suffix=".txt", content=b"words"
    )


def test_aliases_hide_names_and_keep_authors_apart():
    aliases = Aliases()
    renamed = [aliases.rename(book(*names)) for names in (("A", "Lee"), ("B", ""), ("C", "Kim"), ("D", "Lee"))]
    assert [each.author for each in renamed] == ["Author 1", "", "Author 2", "Author 1"]
    assert len({each.id for each in renamed}) == len({each.title for each in renamed}) == 4
    for each in renamed:
        assert re.fullmatch(r"book-[a-z]{6}-[a-z]{6}", each.id) and each.title.casefold().replace(" ", "-") == each.id
    assert {each.source for each in renamed} == {"private"}
    assert {(each.language, each.suffix, each.content) for each in renamed} == {("de", ".txt", b"words")}


def test_an_alias_means_the_same_book_whatever_the_others_are():
    """`held_out_books` and `weights` name books by their alias."""
    alone = Aliases().rename(book("diary", "Lee"))
    aliases = Aliases()
    aliases.rename(book("another", "Kim"))
    assert aliases.rename(book("diary", "Lee")).id == alone.id
