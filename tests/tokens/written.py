"""Folders of tokens for tests, made by the steps of the tokenize stage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from poet.books.split import split_books
from poet.params.sections import SplitSettings, TokenizeSettings
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.training_text import training_sample
from poet.tokens.token_writer import TokenFilesWriter


def write_tokens(
    clean: Path, split: SplitSettings, settings: TokenizeSettings, folder: Path, weights: Mapping[str, float] = {}
) -> dict[str, Any]:
    """Tokenize the cleaned books in `clean` to `folder`; returns the content of meta.json."""
    folder.mkdir()
    tokenizer = train_tokenizer(training_sample(clean, split, settings.train_characters), settings)
    writer = TokenFilesWriter(folder, tokenizer, settings.kind)
    for book in split_books(clean, split):
        writer.add(book, weights.get(book.id, 1.0))
    return writer.finish()
