"""Text from outside, made safe and visible for a terminal: books, titles, file names and what a model writes.

Everything that a terminal gets passes `printable` or `printable_json`: what commands print, and, in `poet.errors` and
`poet.progress`, every message and every line of a stage.
"""

import io
import json
import sys
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

    >>> printable_json("Tokyo\\x9b")
    '"Tokyo\\\\u009b"'
    """
    # A terminal of another encoding would get question marks, which no program can read back.
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    plain = not encoding.lower().startswith("utf")
    return json.dumps(value, ensure_ascii=plain, indent=indent).translate(ESCAPED)


def print_what_the_encoding_lacks_as_question_marks() -> None:
    """Standard output then takes every text, also where its encoding is cp1252, ISO-8859-1 or ASCII.

    Standard error needs nothing: Python itself gives it escapes for what it cannot encode.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def visible_bytes(content: bytes) -> str:
    """The text of `content`, in which bytes that form no character are shown as hexadecimal numbers.

    >>> visible_bytes("日本".encode()[:5])
    '日‹E6 9C›'
    """
    # These code points stand for the bytes 0x80 to 0xFF that Python could not decode.
    text = content.decode("utf-8", "surrogateescape")
    shown = "".join(f"‹{ord(letter) - 0xDC00:02X}›" if 0xDC80 <= ord(letter) <= 0xDCFF else letter for letter in text)
    return shown.replace("›‹", " ")
