"""Bytes to text, without guessing: byte order mark, strict UTF-8, the charset that the file declares, Windows-1252."""

import codecs
import encodings
import encodings.aliases
import re

from poet.errors import CleaningError

BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# "Character set encoding: ISO-8859-1", as Gutenberg's headers declare it.
DECLARED = re.compile(rb"Character set encoding: *([A-Za-z0-9_-]+)")

# Control characters that no text holds; tab, line feed, form feed, carriage return and Gutenberg's old DOS end-of-file
# mark may occur.
BINARY = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f]")


def decode(content: bytes, name: str) -> str:
    """The text of `content`, with line ends as `\\n`; CleaningError, which calls the file `name`, when it is not
    text.
    """
    text = _decode(content, name).replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a")
    if control := BINARY.search(text):
        raise CleaningError(
            f"{name} is not a text: it holds the control character {control[0]!r} at character {control.start()}. "
            "Remove it, or convert it to a .txt file."
        )
    if "\ufffd" in text:
        raise CleaningError(
            f"{name} holds U+FFFD at character {text.index(chr(0xFFFD))}: it was damaged by an earlier conversion. "
            "Get a fresh copy."
        )
    return text


def _decode(content: bytes, name: str) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _strict(content.removeprefix(mark), encoding, name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = DECLARED.search(content[:10_000])
    charset = declared[1].decode("ascii").lower() if declared else "cp1252"
    # A file that is not UTF-8 although it says so, or that claims ASCII, is Windows-1252 in practice; Latin-1's control
    # range too.
    if charset in ("utf-8", "ascii", "us-ascii", "iso-8859-1", "latin-1", "iso-latin-1"):
        charset = "cp1252"
    if not _is_known(charset):
        raise CleaningError(f"{name} declares the unknown charset {charset!r}. Convert the file to UTF-8.")
    return _strict(content, charset, name)


def _is_known(charset: str) -> bool:
    """Whether Python itself has the encoding; installed packages may register a codec that answers to any name."""
    normal = encodings.normalize_encoding(charset)
    return normal in encodings.aliases.aliases or normal in encodings.aliases.aliases.values()


def _strict(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CleaningError(
            f"{name} cannot be decoded: byte {error.start} (0x{content[error.start]:02x}) is neither UTF-8 nor "
            f"{encoding}. Convert the file to UTF-8."
        ) from None
