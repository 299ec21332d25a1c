"""Tokenizer settings for small texts."""

from typing import Any

from poet.params.sections import TokenizeSettings


def sizes(kind: Any, vocab_size: int = 400, min_frequency: int = 2, train_characters: int = 10**6) -> TokenizeSettings:
    return TokenizeSettings(
        kind=kind, vocab_size=vocab_size, max_ngram=6, min_frequency=min_frequency, train_characters=train_characters
    )


CHAR = sizes("char")
