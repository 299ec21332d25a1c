"""All kinds of tokenizer on one text, side by side: how short each makes it, and how fast.

Bits per character compare models whatever their tokenizer; this table compares the tokenizers themselves.
"""

import dataclasses
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from poet.errors import ConfigError
from poet.params.sections import TokenizeSettings
from poet.progress import progress_bar
from poet.terminal import visible_bytes
from poet.tokenizers.kinds import KINDS, encode_long, train_tokenizer
from poet.tokenizers.tokenizer import UNKNOWN, encode, token_bytes, token_lengths

# The line that shows how each kind cuts: the first of the validation text with this many characters, and no more of it.
LEAST_LINE, LONGEST_LINE = 30, 70


def compare_tokenizers(
    training: str, validation: Sequence[str], settings: TokenizeSettings, line: str = ""
) -> list[dict[str, Any]]:
    """One row per kind, with the sizes of `settings`: trained on `training`, measured on the `validation` texts.

    Each row shows how its kind cuts `line`.

    A kind for which `vocab_size` has no room has the reason under `skipped` instead of figures.
    """
    rows: list[dict[str, Any]] = []
    with progress_bar("tokenizers", len(KINDS)) as advance:
        for kind in KINDS:
            row: dict[str, Any] = {"kind": kind, "chosen": kind == settings.kind}
            try:
                row |= _train_and_measure(training, validation, line, dataclasses.replace(settings, kind=kind))
            except ConfigError as error:
                row["skipped"] = error.message
            rows.append(row)
            advance(1, kind)
    return rows


def example_line(texts: Iterable[str]) -> str:
    """A line that shows how a tokenizer cuts; "" where all lines are short.

    >>> example_line(["ACT I\\nWhen shall we three meet again\\n"])
    'When shall we three meet again'
    """
    lines = (line.strip() for text in texts for line in text.split("\n"))
    return next((line[:LONGEST_LINE] for line in lines if len(line) >= LEAST_LINE), "")


def _train_and_measure(
    training: str, validation: Sequence[str], line: str, settings: TokenizeSettings
) -> dict[str, Any]:
    start = time.perf_counter()
    tokenizer = train_tokenizer([training], settings)
    trained = time.perf_counter()
    encode_long(tokenizer, settings.kind, training)
    encoded = time.perf_counter()
    ids = [encode_long(tokenizer, settings.kind, text) for text in validation]
    spelled = token_bytes(tokenizer)
    characters, tokens = sum(map(len, validation)), sum(map(len, ids))
    return {
        "vocab_size": tokenizer.get_vocab_size(),
        "characters_per_token": characters / tokens,
        "bytes_per_token": sum(len(text.encode("utf-8")) for text in validation) / tokens,
        "unknown": _unknown_share(tokenizer, ids, characters),
        # A token may be a part of a character.
        "example": [visible_bytes(spelled[token]) for token in encode(tokenizer, line).tolist()] if line else [],
        "train_seconds": trained - start,
        "encode_bytes_per_second": len(training.encode("utf-8")) / (encoded - trained),
    }


def _unknown_share(tokenizer: Tokenizer, ids: Sequence[NDArray[np.uint32]], characters: int) -> float:
    """The share of the `characters` of a text that its tokens `ids` do not give back."""
    if tokenizer.token_to_id(UNKNOWN) is None:
        return 0.0
    lengths = token_lengths(tokenizer)  # (vocab_size,)
    return 1 - float(lengths[np.concatenate(ids)].sum()) / characters
