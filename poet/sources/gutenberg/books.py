"""Books of Project Gutenberg by number."""

import functools
import re
from collections.abc import Callable, Iterator

from poet.books.manifest import MissingBook
from poet.cleaning.decoding import read_text
from poet.errors import CleaningError, SourceError
from poet.params.sections import DownloadSettings, GutenbergSource
from poet.sources.fetched import FetchedBook
from poet.sources.gutenberg.cache import MirrorFile
from poet.sources.gutenberg.catalog import CatalogEntry, open_catalog
from poet.sources.gutenberg.languages import code_of_header
from poet.sources.gutenberg.mirrors import Mirrors

# How many characters at the start of a file are searched for title, author and language. In 41 files of all vintages,
# these fields end within the first 1,300.
HEADER_LENGTH = 6000


def fetch_gutenberg(
    source: GutenbergSource, settings: DownloadSettings, mirrors: Mirrors | None = None
) -> Iterator[FetchedBook | MissingBook]:
    """Each book of `source.ids`, in that order, from the first of `settings.mirrors` that has it.

    A book that no mirror has becomes a MissingBook if `settings.allow_missing`, and a SourceError otherwise. All
    sources of a run share one object `mirrors`, and with it the pauses between requests.
    """
    mirrors = mirrors or Mirrors(settings.mirrors, max_bytes=settings.max_bytes)
    # The catalog has 20 MB: it is read when the first book needs it, and only once.
    load_entries = functools.cache(functools.partial(_catalog_entries, mirrors))
    for number in source.ids:
        found = mirrors.find_book(number)
        if isinstance(found, MirrorFile):
            yield _fetched_book(number, found, load_entries)
        elif settings.allow_missing:
            entry = load_entries().get(number) or _placeholder_entry(number)
            yield MissingBook(id=str(number), title=entry.title, author=entry.author, tried="; ".join(found.tried))
        else:
            tried = "\n".join(f"  {address}" for address in found.tried)
            raise SourceError(
                f"no mirror has book {number}; tried\n{tried}\n"
                "Add a mirror to download.mirrors, remove the id, or set download.allow_missing to go without it."
            )


def _fetched_book(number: int, found: MirrorFile, load_entries: Callable[[], dict[int, CatalogEntry]]) -> FetchedBook:
    """Book `number` with the title of its header; of a file without a header, with the title of the catalog."""
    content = found.path.read_bytes()
    title, author, language = _parse_header(content)
    if not title:
        entry = load_entries().get(number) or _placeholder_entry(number)
        title, author, language = entry.title, entry.author, entry.language.split("; ")[0]
    return FetchedBook(
        id=str(number),
        title=title,
        author=author,
        language=language,
        source=f"gutenberg:{found.source}",
        suffix=".txt",
        content=content,
    )


def _parse_header(content: bytes) -> tuple[str, str, str]:
    """Title, author and language from the fields of a Gutenberg header; "" for a field that is not there.

    >>> _parse_header(b"Title: Pride\\r\\n  and Prejudice\\r\\nAuthor: Jane Austen\\r\\nLanguage: English\\r\\n")
    ('Pride and Prejudice', 'Jane Austen', 'en')
    >>> _parse_header(b"Title: F\\xf6rsta boken\\r\\nLanguage: Swedish\\r\\nCharacter set encoding: ISO-8859-1\\r\\n")
    ('Första boken', '', 'sv')
    """
    # The names of languages are in English, and so in ASCII, whatever the charset; the language helps to find that.
    language = code_of_header(_field(content[:HEADER_LENGTH].decode("latin_1").replace("\r\n", "\n"), "Language"))
    try:
        # As the clean stage will decode the book, so that the title is not read in another charset than the text.
        text = read_text(content, "header", language=language).text
    except CleaningError:
        # The clean stage says what is wrong with the file.
        text = content[:HEADER_LENGTH].decode("utf-8", "replace").replace("\r\n", "\n")
    head = text[:HEADER_LENGTH]
    return _field(head, "Title"), _field(head, "Author"), language or code_of_header(_field(head, "Language"))


def _field(head: str, name: str) -> str:
    """The value of the field `name` of a header; "" if it is not there."""
    # A long value goes on in the next lines, which are indented.
    found = re.search(rf"^{name}: *(.+(?:\n +\S.*)*)", head, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def _catalog_entries(mirrors: Mirrors) -> dict[int, CatalogEntry]:
    """The catalog by number of the book; empty when no mirror has it.

    A missing catalog is no error here: it only costs the title of a book without a header.
    """
    try:
        return {entry.id: entry for entry in open_catalog(mirrors).entries}
    except SourceError:
        return {}


def _placeholder_entry(number: int) -> CatalogEntry:
    """An entry for a book that neither its header nor the catalog names."""
    return CatalogEntry(id=number, title=f"Project Gutenberg {number}", author="", language="", issued="", subjects="")
