"""Where characters begin and end in UTF-8 bytes.

The index stores bytes; people count characters. A character is one leading byte, which says how many bytes the
character has, and up to three continuation bytes (RFC 3629). Continuation bytes are those of the form 10xxxxxx, so the
bytes that begin a character can be found without reading the text from its start.

Nothing here raises an error for malformed bytes: tokens are cut anywhere, also inside a character.
"""

import numpy as np
from numpy.typing import NDArray

# The bytes 10xxxxxx, for one byte at a time; `is_lead` answers the same for arrays.
CONTINUATION = frozenset(range(0x80, 0xC0))


def is_lead(content: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which bytes of `content` begin a character: booleans of the same shape.

    >>> is_lead(np.frombuffer("aé€".encode(), dtype=np.uint8)).tolist()
    [True, True, False, True, False, False]
    """
    # 0xC0 keeps the two highest bits, which are 10 in a continuation byte and in no other.
    leads: NDArray[np.bool_] = (content & 0xC0) != 0x80
    return leads


def character_boundaries(content: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The byte at which each character of `content` begins, and at the end its length: (characters + 1,).

    Character i is `content[boundaries[i] : boundaries[i + 1]]`.

    >>> character_boundaries(np.frombuffer("aé€".encode(), dtype=np.uint8)).tolist()
    [0, 1, 3, 6]
    """
    return np.append(np.flatnonzero(is_lead(content)), len(content))


def character_starts(text: bytes) -> list[int]:
    """The offsets of the bytes in `text` that begin a character.

    >>> character_starts("aé€b".encode())
    [0, 1, 3, 6]
    """
    # Most texts of most books. The guard asks for every token, so the shortcut pays.
    if text.isascii():
        return list(range(len(text)))
    return [i for i, byte in enumerate(text) if byte not in CONTINUATION]


def character_ends(text: bytes, missing: int) -> list[int]:
    """The offset behind each complete character in `text`, up to the first byte that cannot be valid UTF-8.

    `text` continues another text whose last character is incomplete by `missing` bytes.

    >>> character_ends("aéb€".encode()[:6], missing=0)  # the last character is cut
    [1, 3, 4]
    >>> character_ends("€x".encode()[1:], missing=2)  # the first byte of the first character came before
    [2, 3]
    """
    ends: list[int] = []
    end = 0
    if missing:
        if not _all_continue(text, 0, missing):
            return []
        end = missing
        ends.append(end)
    while end < len(text):
        length = sequence_length(text[end])
        if not length or not _all_continue(text, end + 1, end + length):
            break
        end += length
        ends.append(end)
    return ends


def _all_continue(text: bytes, start: int, end: int) -> bool:
    """Whether `text[start:end]` is all there and consists of continuation bytes."""
    return end <= len(text) and all(byte in CONTINUATION for byte in text[start:end])


def missing_bytes(text: bytes) -> int:
    """How many bytes the last character of `text` still needs: 0 to 3.

    >>> [missing_bytes("a€".encode()[:size]) for size in range(5)]
    [0, 0, 2, 1, 0]
    """
    # A character has four bytes at most, so the leading byte of an incomplete one is among the last three.
    for present, byte in enumerate(reversed(text[-3:]), start=1):
        if byte not in CONTINUATION:
            return max(0, sequence_length(byte) - present)
    return 0


def sequence_length(lead: int) -> int:
    """How many bytes the character has that begins with the byte `lead`; 0 if no character begins with it.

    >>> [sequence_length(letter.encode()[0]) for letter in "aé€😀"], sequence_length(0xFF)
    ([1, 2, 3, 4], 0)
    """
    if lead < 0x80:  # 0xxxxxxx: ASCII
        return 1
    # 10xxxxxx continues a character. 0xC0 and 0xC1 would write ASCII in two bytes, which UTF-8 forbids.
    if lead < 0xC2:
        return 0
    if lead < 0xE0:  # 110xxxxx
        return 2
    if lead < 0xF0:  # 1110xxxx
        return 3
    if lead < 0xF5:  # 11110xxx, up to the last code point of Unicode, U+10FFFF
        return 4
    return 0
