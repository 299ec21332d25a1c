"""Places of characters against Python's own decoder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.utf8 import (
    character_boundaries,
    character_ends,
    character_starts,
    is_lead,
    missing_bytes,
    sequence_length,
)


@given(st.text())
def test_characters_are_those_of_the_decoder(text):
    content = text.encode()
    ends = np.cumsum([len(letter.encode()) for letter in text]).tolist()
    assert character_starts(content) == [0, *ends][:-1]
    assert character_ends(content, missing=0) == ends
    array = np.frombuffer(content, dtype=np.uint8)
    assert character_boundaries(array).tolist() == [0, *ends]
    assert np.flatnonzero(is_lead(array)).tolist() == character_starts(content)
    assert missing_bytes(content) == 0


@given(st.text(), st.characters(exclude_categories=["Cs"]))
def test_a_cut_character_misses_the_rest_of_its_bytes(text, letter):
    encoded = letter.encode()
    for size in range(1, len(encoded)):
        before, behind = text.encode() + encoded[:size], encoded[size:]
        assert missing_bytes(before) == len(behind)
        assert character_ends(behind + b"a", missing=len(behind)) == [len(behind), len(behind) + 1]
        assert character_ends(before, missing=0) == character_ends(text.encode(), missing=0)


@pytest.mark.parametrize("text", [b"\x80", b"\xff", b"\xc0\x80", b"\xc3a", b"\xf5\x80\x80\x80"])
def test_no_character_ends_in_bytes_that_are_no_utf8(text):
    assert character_ends(text, missing=0) == []
    assert character_ends(b"a" + text, missing=0) == [1]


def test_every_leading_byte_says_its_length():
    lengths = [0] * 256
    for code in range(0x110000):
        if not 0xD800 <= code < 0xE000:  # surrogates have no UTF-8
            encoded = chr(code).encode()
            lengths[encoded[0]] = len(encoded)
    assert [sequence_length(byte) for byte in range(256)] == lengths
