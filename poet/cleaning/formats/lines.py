"""Lines of a text: what joins two that were wrapped to a width, and blanks at their ends."""

import unicodedata

# Blocks of wide letters that are written with blanks between words.
HANGUL = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7FF))


def blank_between(first: str, second: str) -> str:
    """What joins the lines `first` and `second`: a blank, but nothing between Chinese or Japanese characters.

    >>> blank_between("It was", "the best"), blank_between("吾輩は猫", "である。")
    (' ', '')
    """
    return "" if _is_wide(first[-1:]) and _is_wide(second[:1]) else " "


def without_trailing_blanks(text: str) -> str:
    """`text` without blanks and tabs at the ends of its lines; a pattern would take the square of a row of blanks.

    >>> without_trailing_blanks("one  \\n  two\\t")
    'one\\n  two'
    """
    return "\n".join(line.rstrip(" \t") for line in text.split("\n"))


def _is_wide(character: str) -> bool:
    """Whether words are written without blanks around this `character`."""
    if not character or unicodedata.east_asian_width(character) not in "WF":
        return False
    return not any(low <= ord(character) <= high for low, high in HANGUL)
