"""Bytes to text, without guessing from statistics.

Four rules are tried in this order: a byte order mark; strict UTF-8; the charset that the file itself declares;
Windows-1252.
"""

import codecs
import encodings
import encodings.aliases
import re

from poet.errors import CleaningError

BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# "Character set encoding: ISO-8859-1", as Gutenberg's headers declare it.
DECLARED_CHARSET = re.compile(rb"Character set encoding: *([A-Za-z0-9_-]+)")

# How many bytes at the start of a file are searched for the declaration.
DECLARATION_BYTES = 10_000

# Declarations that are wrong in practice. A file that is not UTF-8 although it says so, or that claims ASCII, is
# Windows-1252; so is "Latin-1", whose control characters 0x80 to 0x9f are the quotes and dashes of Windows-1252.
REALLY_CP1252 = ("utf-8", "ascii", "us-ascii", "iso-8859-1", "latin-1", "iso-latin-1")

# Control characters that no text contains. Allowed are tab, line feed, form feed (a page break), carriage return, and
# 0x1a, the mark of DOS for the end of a file, which old Gutenberg files have.
BINARY = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f]")


def decode(content: bytes, name: str) -> str:
    """The text of `content`, with line ends as `\\n`; CleaningError, which calls the file `name`, if it is no text.

    >>> decode(b"na\\xefve\\r\\n", "a.txt")
    'naïve\\n'
    """
    text = _decode_bytes(content, name).replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a")
    if control := BINARY.search(text):
        raise CleaningError(
            f"{name} is not a text: it contains the control character {control[0]!r} at character {control.start()}. "
            "Remove the file, or convert it to a .txt file."
        )
    # U+FFFD is what a decoder writes for bytes that it cannot read.
    if "\ufffd" in text:
        raise CleaningError(
            f"{name} contains U+FFFD at character {text.index(chr(0xFFFD))}: it was damaged by an earlier conversion. "
            "Get a fresh copy."
        )
    return text


def _decode_bytes(content: bytes, name: str) -> str:
    """The characters of `content` by the first rule of this module that applies."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decode_strictly(content.removeprefix(mark), encoding, name)
    # Accented letters in another encoding are practically never valid UTF-8 by accident.
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = DECLARED_CHARSET.search(content[:DECLARATION_BYTES])
    charset = declared[1].decode("ascii").lower() if declared else "cp1252"
    if charset in REALLY_CP1252:
        charset = "cp1252"
    if not _is_known(charset):
        raise CleaningError(f"{name} declares the unknown charset {charset!r}. Convert the file to UTF-8.")
    return _decode_strictly(content, charset, name)


def _is_known(charset: str) -> bool:
    """Whether Python itself has the encoding.

    `codecs.lookup` does not answer this: installed packages may register a codec for any name.

    >>> _is_known("cp850"), _is_known("klingon")
    (True, False)
    """
    normal = encodings.normalize_encoding(charset)
    return normal in encodings.aliases.aliases or normal in encodings.aliases.aliases.values()


def _decode_strictly(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CleaningError(
            f"{name} cannot be decoded: byte {error.start} (0x{content[error.start]:02x}) is neither UTF-8 nor "
            f"{encoding}. Convert the file to UTF-8."
        ) from None
