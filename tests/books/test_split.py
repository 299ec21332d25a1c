"""The split: which characters of which book are trained on."""

import dataclasses

import pytest

from poet.books.manifest import CleanBook, read_manifest
from poet.books.split import split_books, training_characters, unseen_sha256
from poet.errors import DataError
from tests.cleaning.shelf import clean_shelf
from tests.recipes import SPLIT
from tests.texts import babble


@pytest.fixture
def clean(write_books, tmp_path):
    """A folder with three cleaned books."""
    return clean_shelf(write_books(a=babble(1, 500), b=babble(2, 900), c="x\n"), tmp_path)


def test_the_parts_of_every_book_are_its_text(clean):
    settings = dataclasses.replace(SPLIT, held_out_books=["b"])
    books = {book.id: book for book in split_books(clean, settings)}
    assert list(books) == ["a", "b", "c"]
    for book in books.values():
        assert book.training + book.validation + book.held_out == book.text
        assert book.text == (clean / f"{book.id}.txt").read_text(encoding="utf-8")
    assert len(books["a"].training) == int(0.9 * len(books["a"].text))
    assert (books["b"].training, books["b"].validation) == ("", "")
    assert (books["c"].training, books["c"].validation) == ("x", "\n")


def test_the_length_of_the_training_text_is_known_beforehand(clean):
    settings = dataclasses.replace(SPLIT, validation=0.3, held_out_books=["a"])
    expected = sum(len(book.training) for book in split_books(clean, settings))
    assert training_characters(read_manifest(clean / "manifest.csv", CleanBook), settings) == expected > 0


def test_the_shortest_book_does_not_count_as_held_out(clean):
    (book, *_) = read_manifest(clean / "manifest.csv", CleanBook)
    assert training_characters([dataclasses.replace(book, characters=1)], SPLIT) == 1


def test_holding_back_every_book_is_refused(clean):
    settings = dataclasses.replace(SPLIT, held_out_books=["a", "b", "c", "d"])
    with pytest.raises(DataError, match=r"split.held_out_books lists every book of .*clean \(a, b, c\)"):
        list(split_books(clean, settings))


def test_the_hash_of_unseen_text_changes_with_that_text_alone(clean):
    def digest(**changes):
        return unseen_sha256(split_books(clean, dataclasses.replace(SPLIT, **changes)))

    before = digest()
    assert digest(validation=0.2) != before != digest(held_out_books=["b"])
    text = (clean / "a.txt").read_text(encoding="utf-8")
    (clean / "a.txt").write_text("X" + text[1:], encoding="utf-8")
    assert digest() == before, "the first letter is trained on"
    (clean / "a.txt").write_text(text[:-1] + "X", encoding="utf-8")
    assert digest() != before
