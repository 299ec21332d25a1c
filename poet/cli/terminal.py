"""Text from outside, made safe and visible for a terminal: books, titles, file names and what a model writes."""

import json
from typing import Any

# Characters that a terminal would obey instead of showing them: control characters except \n and \t, and marks that
# turn the direction of writing, with the separators of lines and paragraphs. And halves of surrogate pairs, which no
# terminal can be sent: a file name that is not UTF-8 has them.
OBEYED = (
    *(code for code in (*range(32), *range(0x7F, 0xA0)) if code not in b"\n\t"),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),
)
REPLACED = dict.fromkeys(OBEYED, "\N{REPLACEMENT CHARACTER}")
ESCAPED = {code: f"\\u{code:04x}" for code in OBEYED}


def printable(text: str) -> str:
    """`text` with U+FFFD for everything that a terminal would obey.

    >>> printable("\\x1b[31mred\\n")
    '�[31mred\\n'
    """
    return text.translate(REPLACED)


def printable_json(value: Any, indent: int | None = None) -> str:
    """`value` as JSON that a terminal shows as it is, and that a program reads back as the same value.

    >>> printable_json("東京\\x9b")
    '"東京\\\\u009b"'
    """
    return json.dumps(value, ensure_ascii=False, indent=indent).translate(ESCAPED)


def visible_bytes(content: bytes) -> str:
    """The text of `content`, in which bytes that form no character are shown as hexadecimal numbers.

    >>> visible_bytes("日本".encode()[:5])
    '日‹E6 9C›'
    """
    # These code points stand for the bytes 0x80 to 0xFF that Python could not decode.
    text = content.decode("utf-8", "surrogateescape")
    shown = "".join(f"‹{ord(letter) - 0xDC00:02X}›" if 0xDC80 <= ord(letter) <= 0xDCFF else letter for letter in text)
    return shown.replace("›‹", " ")
