"""Which characters of which book are trained on: the one definition that tokenizer, token files and index share."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.errors import DataError
from poet.files import read_text
from poet.params.sections import SplitSettings


@dataclass(frozen=True, kw_only=True)
class SplitBook:
    """A book of the manifest with its `text`, of which the first `training_length` characters are trained on.

    A `training_length` of 0 marks a held-out book.
    """

    row: CleanBook
    text: str
    training_length: int

    @property
    def id(self) -> str:
        """The id of the book."""
        return self.row.id

    @property
    def training(self) -> str:
        """The part that is trained on; empty for a held-out book."""
        return self.text[: self.training_length]

    @property
    def validation(self) -> str:
        """The part that validates the training; empty for a held-out book."""
        return self.text[self.training_length :] if self.training_length else ""

    @property
    def held_out(self) -> str:
        """The complete text of a held-out book; empty for all others."""
        return "" if self.training_length else self.text


def split_books(clean: Path, settings: SplitSettings) -> Iterator[SplitBook]:
    """The books of the folder `clean` in manifest order, with one text in memory at a time.

    The last `settings.validation` of the characters of every book validate; those of `settings.held_out_books` are kept
    out completely. DataError when no book is left to train on.
    """
    books = read_manifest(clean / MANIFEST, CleanBook)
    if all(book.id in settings.held_out_books for book in books):
        raise DataError(
            f"split.held_out_books lists every book of {clean} ({', '.join(book.id for book in books)}); take at "
            "least one of them out of the list"
        )
    for book in books:
        text = read_text(clean / book.file)
        yield SplitBook(row=book, text=text, training_length=_training_length(book.id, len(text), settings))


def unseen_sha256(books: Iterable[SplitBook]) -> str:
    """The hash of all text that is not trained on. Figures of two models compare if it is equal."""
    digest = hashlib.sha256()
    for book in books:
        for part in (book.validation, book.held_out):
            # The hash of each part, so that no text moves from one part to the next unnoticed.
            digest.update(hashlib.sha256(part.encode("utf-8")).digest())
    return digest.hexdigest()


def training_characters(books: list[CleanBook], settings: SplitSettings) -> int:
    """The length of the training text of `books` in characters, computed without reading a text."""
    return sum(_training_length(book.id, book.characters, settings) for book in books)


def validation_characters(books: list[CleanBook], settings: SplitSettings) -> int:
    """The length of the validation text of `books` in characters, without the held-out books."""
    kept = [book for book in books if book.id not in settings.held_out_books]
    return sum(book.characters for book in kept) - training_characters(kept, settings)


def _training_length(book: str, characters: int, settings: SplitSettings) -> int:
    """How many of the `characters` of the book with the id `book` are trained on.

    >>> settings = SplitSettings(validation=0.1, held_out_books=["emma"])
    >>> _training_length("persuasion", 1005, settings), _training_length("emma", 1005, settings)
    (904, 0)
    """
    if book in settings.held_out_books:
        return 0
    # At least one character, because 0 would mark the book as held out.
    return max(1, int(characters * (1 - settings.validation)))
