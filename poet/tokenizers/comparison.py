"""All kinds of tokenizer on one text, side by side: what each makes of it, and how fast.

Bits per character compare models whatever their tokenizer; this table compares the tokenizers themselves.
"""

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from poet.books.split import split_books
from poet.errors import ConfigError
from poet.params.sections import SplitSettings, TokenizeSettings
from poet.progress import progress_bar
from poet.tokenizers.kinds import TRAINERS, train_tokenizer
from poet.tokenizers.tokenizer import UNKNOWN, encode, token_lengths
from poet.tokens.token_files import training_sample


def compare_tokenizers(clean: Path, split: SplitSettings, settings: TokenizeSettings) -> list[dict[str, Any]]:
    """One row per kind, with the sizes of `settings`: trained on the training text, measured on the validation text.

    A kind for which `vocab_size` has no room says so under `skipped`.
    """
    training = "".join(training_sample(clean, split, settings.train_characters))
    validation = [text for book in split_books(clean, split) if (text := book.validation)]
    rows: list[dict[str, Any]] = []
    with progress_bar("tokenizers", len(TRAINERS)) as advance:
        for kind in TRAINERS:
            row: dict[str, Any] = {"kind": kind, "chosen": kind == settings.kind}
            try:
                row |= _measure(training, validation, dataclasses.replace(settings, kind=kind))  # type: ignore[arg-type]
            except ConfigError as error:
                row["skipped"] = error.message
            rows.append(row)
            advance(1, kind)
    return rows


def _measure(training: str, validation: list[str], settings: TokenizeSettings) -> dict[str, Any]:
    start = time.perf_counter()
    tokenizer = train_tokenizer([training], settings)
    trained = time.perf_counter()
    encode(tokenizer, training)
    encoded = time.perf_counter()
    ids = [encode(tokenizer, text) for text in validation]
    characters, tokens = sum(map(len, validation)), sum(map(len, ids))
    return {
        "vocab_size": tokenizer.get_vocab_size(),
        "characters_per_token": characters / tokens,
        "bytes_per_token": sum(len(text.encode("utf-8")) for text in validation) / tokens,
        "unknown": _unknown_share(tokenizer, ids, characters),
        "train_seconds": trained - start,
        "encode_bytes_per_second": len(training.encode("utf-8")) / (encoded - trained),
    }


def _unknown_share(tokenizer: Tokenizer, ids: list[Any], characters: int) -> float:
    """Share of the characters that the tokens do not give back."""
    if tokenizer.token_to_id(UNKNOWN) is None:
        return 0.0
    lengths = token_lengths(tokenizer)
    return 1 - float(lengths[np.concatenate(ids)].sum()) / characters
