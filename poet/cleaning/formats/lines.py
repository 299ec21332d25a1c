"""Lines that were wrapped to a width: how two of them are joined again."""

import unicodedata

# Blocks of wide letters that are written with blanks between words.
HANGUL = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7FF))


def join_wrapped(first: str, second: str) -> str:
    """`first` and `second` as one line: with a blank, but without one between Chinese or Japanese characters.

    >>> join_wrapped("It was", "the best"), join_wrapped("吾輩は猫", "である。")
    ('It was the best', '吾輩は猫である。')
    """
    return f"{first}{second}" if _is_wide(first[-1:]) and _is_wide(second[:1]) else f"{first} {second}"


def _is_wide(character: str) -> bool:
    """Whether words are written without blanks around this `character`."""
    if not character or unicodedata.east_asian_width(character) not in "WF":
        return False
    return not any(low <= ord(character) <= high for low, high in HANGUL)
