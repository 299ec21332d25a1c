"""What general compressors need for the validation text when they have the training text before it.

A language model is a compressor; these two give its bits per character a scale. They see exactly what the model saw.
"""

import lzma

import pyppmd

# PPMd (Shkarin 2002) does best on books of a few megabytes at about this order, with memory enough never to forget.
PPMD_ORDER = 6
PPMD_MEMORY = 1 << 30


def compressor_bits_per_character(training: str, validation: str) -> dict[str, float]:
    """Bits per character of `validation` after `training`, for `xz` and `ppmd`."""
    before, both = training.encode("utf-8"), (training + validation).encode("utf-8")
    sizes = {"xz": (_xz(before), _xz(both)), "ppmd": (_ppmd(before), _ppmd(both))}
    return {name: 8 * (with_validation - alone) / len(validation) for name, (alone, with_validation) in sizes.items()}


def _xz(content: bytes) -> int:
    """Compressed size with a dictionary as large as the content."""
    filters = [
        {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": max(4096, min(len(content), 1 << 30))}
    ]
    return len(lzma.compress(content, filters=filters))


def _ppmd(content: bytes) -> int:
    return len(
        pyppmd.compress(content, max_order=PPMD_ORDER, mem_size=min(PPMD_MEMORY, max(1 << 24, 40 * len(content))))
    )
