"""The text that a tokenizer is trained on: all of the training text, or an even sample of a large one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.books.split import split_books, training_characters
from poet.params.sections import SplitSettings
from poet.tokenizers.cutting import cut_between_words


def training_sample(clean: Path, split: SplitSettings, limit: int) -> Iterator[str]:
    """The training text of the folder `clean` in pieces, at most `limit` characters of it.

    Above the limit, each piece is taken with the same probability, from a seeded generator: the sample is spread evenly
    over all books, and it is the same in every run. Where no piece is small enough for the limit, the sample is the
    first `limit` characters.
    """
    total = training_characters(read_manifest(clean / MANIFEST, CleanBook), split)
    generator = np.random.Generator(np.random.Philox(key=0))
    taken = 0
    first = ""
    for book in split_books(clean, split):
        for piece in cut_between_words(book.training):
            first = first or piece[:limit]
            if total <= limit:
                yield piece
            elif generator.random() < limit / total and taken + len(piece) <= limit:
                taken += len(piece)
                yield piece
    if total > limit and not taken:
        yield first
