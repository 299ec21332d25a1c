"""The language of a text in HTML: what a browser needs to choose its letters, and the direction of its lines."""

import re
from collections.abc import Iterable

from markupsafe import Markup

# Languages that are written from right to left, by their codes in ISO 639.
RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he iw ps sd syr ug ur yi ji".split())

# A tag of BCP 47, as far as manifests have them: "en", "pt-BR".
TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def shared_language(languages: Iterable[str]) -> str:
    """The language that all of `languages` are; "" where they differ, as the text of a model may then be any of them.

    >>> shared_language(["he", "he"]), shared_language(["he", "en"]), shared_language([])
    ('he', '', '')
    """
    different = set(languages)
    return different.pop() if len(different) == 1 else ""


def language_attributes(language: str) -> Markup:
    """The attributes of an element with text in `language`, as a manifest names it.

    A text from left to right has `dir="auto"` too: the browser then looks at its letters, so that a manifest may be
    wrong.

    >>> language_attributes("ar"), language_attributes("en"), language_attributes("unknown!")
    (Markup(' lang="ar" dir="rtl"'), Markup(' lang="en" dir="auto"'), Markup(' dir="auto"'))
    """
    # Nothing but letters, digits and dashes: it needs no escaping.
    if not TAG.fullmatch(language):
        return Markup(' dir="auto"')
    direction = "rtl" if language.split("-")[0].lower() in RIGHT_TO_LEFT else "auto"
    return Markup(f' lang="{language}" dir="{direction}"')
