"""Which characters of which book are trained on: the one definition that tokenizer, datasets and index share."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.errors import DataError
from poet.files import read_text
from poet.params.sections import SplitSettings

TRAIN, VALIDATION, HELD_OUT = "train", "val", "held_out"


@dataclass(frozen=True, kw_only=True)
class SplitBook:
    """A book and the character at which its validation part begins: 0 for a held-out book, which is never trained
    on.
    """

    book: CleanBook
    text: str
    cut: int

    def part(self, split: str) -> str:
        """The text of this book in `split`, one of TRAIN, VALIDATION and HELD_OUT; empty when it has none."""
        if split == HELD_OUT:
            return self.text if self.cut == 0 else ""
        if self.cut == 0:
            return ""
        return self.text[: self.cut] if split == TRAIN else self.text[self.cut :]


def split_books(clean: Path, settings: SplitSettings) -> Iterator[SplitBook]:
    """The books of the folder `clean` in manifest order, one in memory at a time; DataError when none is left to train
    on.

    The last `settings.validation` of the characters of every book validate; those of `settings.held_out_books` are kept
    out whole.
    """
    books = read_manifest(clean / MANIFEST, CleanBook)
    if all(book.book in settings.held_out_books for book in books):
        raise DataError(f"split.held_out_books holds back every book of {clean}; leave at least one to train on")
    for book in books:
        text = read_text(clean / book.file)
        yield SplitBook(book=book, text=text, cut=_cut(book, len(text), settings))


def training_characters(books: list[CleanBook], settings: SplitSettings) -> int:
    """How long the training text of `books` is, without reading it."""
    return sum(_cut(book, book.characters, settings) for book in books)


def _cut(book: CleanBook, characters: int, settings: SplitSettings) -> int:
    return 0 if book.book in settings.held_out_books else max(1, int(characters * (1 - settings.validation)))
