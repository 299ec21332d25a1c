"""What general compressors need for the validation text when they have read the training text before.

A language model is a compressor too (Shannon 1951); these two give its bits per character a scale. They see the text
that the model saw, as it was before it was cut into tokens; of a large corpus, as much as they can read in a minute.
"""

import lzma
from collections.abc import Iterable

import pyppmd

from poet.books.split import SplitBook

# The order of PPMd (Shkarin 2002): it predicts each byte from up to this many bytes before. For all of `shakespeare`
# (4.9 MB), orders 4, 6, 8 and 10 need 2.078, 1.918, 1.896 and 1.895 bits and take 0.9, 2.1, 2.9 and 3.5 s. For one play
# (Hamlet, 190 KB), order 6 is best (1.956 bits), and 8 needs 1.964.
PPMD_ORDER = 8

# The most text that the compressors are given, in characters. xz reads 20 million in about a minute on one core and
# takes 12 bytes of memory for each; all of a gigabyte would take half an hour and 30 GB.
MOST_TRAINING = 20_000_000
MOST_VALIDATION = 2_000_000

# PPMd forgets everything when its memory is full. 40 bytes per byte of text never fill; 16 MB is the least, 1 GB the
# most.
PPMD_BYTES_PER_BYTE = 40
PPMD_LEAST_MEMORY = 1 << 24
PPMD_MOST_MEMORY = 1 << 30

# LZMA's dictionary is as large as the text, so that all of it can be referred to; these are its own limits.
XZ_LEAST_DICTIONARY = 1 << 12
XZ_MOST_DICTIONARY = 1 << 30


def compared_texts(books: Iterable[SplitBook], training: int, validation: int) -> tuple[str, str]:
    """The training text and the validation text for the compressors: all of `books` if the limits allow.

    `training` and `validation` are the lengths of all such text in characters. Above MOST_TRAINING and MOST_VALIDATION
    every book gives the same share: the end of its training part and the beginning of its validation part, which meet.
    """
    training_share = min(1.0, MOST_TRAINING / max(1, training))
    validation_share = min(1.0, MOST_VALIDATION / max(1, validation))
    before, after = [], []
    for book in books:
        kept = round(training_share * len(book.training))
        before.append(book.training[len(book.training) - kept :])
        after.append(book.validation[: round(validation_share * len(book.validation))])
    return "".join(before), "".join(after)


def compressor_bits_per_character(training: str, validation: str) -> dict[str, float]:
    """Bits per character of `validation` after `training`, for `xz` and `ppmd`.

    It is the difference of two compressed sizes: both texts together, and the training text alone.
    """
    before, both = training.encode("utf-8"), (training + validation).encode("utf-8")
    added = {"xz": _xz_size(both) - _xz_size(before), "ppmd": _ppmd_size(both) - _ppmd_size(before)}
    return {name: 8 * size / len(validation) for name, size in added.items()}


def _xz_size(content: bytes) -> int:
    """The size of `content` in bytes, compressed by LZMA2 at its slowest and strongest."""
    dictionary = max(XZ_LEAST_DICTIONARY, min(len(content), XZ_MOST_DICTIONARY))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": dictionary}]
    return len(lzma.compress(content, filters=filters))


def _ppmd_size(content: bytes) -> int:
    """The size of `content` in bytes, compressed by PPMd."""
    memory = min(PPMD_MOST_MEMORY, max(PPMD_LEAST_MEMORY, PPMD_BYTES_PER_BYTE * len(content)))
    return len(pyppmd.compress(content, max_order=PPMD_ORDER, mem_size=memory))
