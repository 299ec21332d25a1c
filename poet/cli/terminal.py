"""Text from outside, made safe to print to a terminal."""

import unicodedata

# Signs that turn the direction of the text after them: a title could make a line read as another one.
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""`text` with U+FFFD in place of each character that a terminal would obey, or that it cannot print.

    These are control characters (a title could clear the screen or set the clipboard), halves of surrogate pairs, and
    the signs that turn the direction of the text. Line breaks and tabs stay.

    >>> printable("Emma\x1b[2J\n")
    'Emma�[2J\n'
    """
    return "".join("\ufffd" if _is_unsafe(character) else character for character in text)


def _is_unsafe(character: str) -> bool:
    # Cc: controls, Cs: surrogates, Zl and Zp: the line and paragraph separators, at which some programs break a line.
    return character in TURNS or (
        character not in "\n\t" and unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
    )
