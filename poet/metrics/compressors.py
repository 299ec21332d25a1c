"""What general compressors need for the validation text when they have read the training text before.

A language model is a compressor too (Shannon 1951); these two give its bits per character a scale. They see exactly the
text that the model saw.
"""

import lzma

import pyppmd

# The order of PPMd (Shkarin 2002): it predicts each byte from up to this many bytes before. 6 is best for one play
# (Hamlet, 190 KB: 1.956 bits per character; order 4 needs 1.987, order 8 1.964). For all of `shakespeare` (4.9 MB),
# orders 4, 6, 8 and 10 need 2.078, 1.918, 1.896 and 1.895 bits and take 0.9, 2.1, 2.9 and 3.5 s.
PPMD_ORDER = 6

# PPMd forgets everything when its memory is full. 40 bytes per byte of text never fill; 16 MB is the least, 1 GB the
# most.
PPMD_BYTES_PER_BYTE = 40
PPMD_LEAST_MEMORY = 1 << 24
PPMD_MOST_MEMORY = 1 << 30

# LZMA's dictionary is as large as the text, so that all of it can be referred to; these are its own limits.
XZ_LEAST_DICTIONARY = 1 << 12
XZ_MOST_DICTIONARY = 1 << 30


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
