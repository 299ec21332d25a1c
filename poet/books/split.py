"""Which characters of which book are trained on: the one definition that tokenizer, datasets and index share."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.errors import DataError
from poet.files import read_text
from poet.params.sections import SplitSettings


@dataclass(frozen=True, kw_only=True)
class SplitBook:
    """A book of the manifest with its `text`; validation begins at the character `cut`, 0 for a held-out book."""

    row: CleanBook
    text: str
    cut: int

    @property
    def id(self) -> str:
        """The id of the book."""
        return self.row.id

    @property
    def training(self) -> str:
        """The part that is trained on; empty for a held-out book."""
        return self.text[: self.cut]

    @property
    def validation(self) -> str:
        """The part that validates; empty for a held-out book."""
        return self.text[self.cut :] if self.cut else ""

    @property
    def held_out(self) -> str:
        """The whole text of a held-out book; empty for all others."""
        return "" if self.cut else self.text


def split_books(clean: Path, settings: SplitSettings) -> Iterator[SplitBook]:
    """The books of the folder `clean` in manifest order, one in memory at a time; DataError when none is left to train
    on.

    The last `settings.validation` of the characters of every book validate; those of `settings.held_out_books` are kept
    out whole.
    """
    books = read_manifest(clean / MANIFEST, CleanBook)
    if all(book.id in settings.held_out_books for book in books):
        raise DataError(f"split.held_out_books holds back every book of {clean}; leave at least one to train on")
    for book in books:
        text = read_text(clean / book.file)
        yield SplitBook(row=book, text=text, cut=_cut(book, len(text), settings))


def training_characters(books: list[CleanBook], settings: SplitSettings) -> int:
    """How long the training text of `books` is, without reading it."""
    return sum(_cut(book, book.characters, settings) for book in books)


def _cut(book: CleanBook, characters: int, settings: SplitSettings) -> int:
    return 0 if book.id in settings.held_out_books else max(1, int(characters * (1 - settings.validation)))
