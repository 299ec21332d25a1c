"""Decoding: which bytes are which text, and which are no text."""

import pytest

from poet.cleaning.decoding import decode
from poet.errors import CleaningError


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfna\xc3\xafve\r\n", "naïve\n"),
        ("naïve".encode("cp1252"), "naïve"),
        (b"Character set encoding: ISO-8859-1\n\x93quoted\x94 \xe9", "Character set encoding: ISO-8859-1\n“quoted” é"),
        (b"Character set encoding: cp850\n\x82", "Character set encoding: cp850\né"),
        ("né".encode("utf-16"), "né"),
        (b"old\rmac\x1a", "old\nmac"),
    ],
)
def test_decoding_in_order(content, text):
    assert decode(content, "a.txt") == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a text: it contains the control character"),
        (b"caf\xe9 \x81", r"cannot be decoded: byte 5 \(0x81\) is neither UTF-8 nor cp1252"),
        (b"Character set encoding: klingon\n\xe9", "unknown charset 'klingon'"),
        ("damaged \ufffd".encode(), "U\\+FFFD"),
    ],
)
def test_what_is_not_text_is_refused(content, message):
    with pytest.raises(CleaningError, match=rf"a\.txt.*{message}"):
        decode(content, "a.txt")
