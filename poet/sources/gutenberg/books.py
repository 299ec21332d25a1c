"""Books of Project Gutenberg by number."""

import functools
import re
from collections.abc import Callable, Iterator

from poet.books.manifest import MissingBook
from poet.errors import SourceError
from poet.params.sections import DownloadSettings, GutenbergSource
from poet.sources.fetched import FetchedBook
from poet.sources.gutenberg.catalog import Entry, open_catalog
from poet.sources.gutenberg.mirrors import MirrorFile, Mirrors

# Codes for the language names that Gutenberg's headers spell out.
LANGUAGES = {
    "english": "en",
    "german": "de",
    "french": "fr",
    "italian": "it",
    "spanish": "es",
    "latin": "la",
    "greek": "el",
    "dutch": "nl",
}
HEADER_BYTES = 6000


def fetch_gutenberg(source: GutenbergSource, settings: DownloadSettings) -> Iterator[FetchedBook | MissingBook]:
    """Each of `source.ids` from the first mirror that has it; else a MissingBook if allowed, or a SourceError."""
    mirrors = Mirrors(settings.mirrors, max_bytes=settings.max_bytes)
    look_up = functools.cache(functools.partial(_catalog_entries, mirrors))
    for number in source.ids:
        found = mirrors.find_book(number)
        if isinstance(found, MirrorFile):
            yield _describe(number, found, look_up)
        elif settings.allow_missing:
            entry = look_up().get(number) or _stand_in(number)
            yield MissingBook(id=str(number), title=entry.title, author=entry.author, tried="; ".join(found.tried))
        else:
            tried = "\n".join(f"  {address}" for address in found.tried)
            raise SourceError(
                f"no mirror has book {number}; tried\n{tried}\n"
                "Add a mirror to download.mirrors, remove the id, or set download.allow_missing to go without it."
            )


def _describe(number: int, found: MirrorFile, look_up: Callable[[], dict[int, Entry]]) -> FetchedBook:
    content = found.path.read_bytes()
    title, author, language = _parse_header(content)
    if not title:
        entry = look_up().get(number) or _stand_in(number)
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
    """Title, author and language from the `Title:` lines of a Gutenberg header; "" for what it does not say."""
    head = content[:HEADER_BYTES].decode("utf-8", "replace").replace("\r\n", "\n")

    def field(name: str) -> str:
        found = re.search(rf"^{name}: *(.+(?:\n +\S.*)*)", head, re.MULTILINE)
        return " ".join(found[1].split()) if found else ""

    language = field("Language").lower()
    return field("Title"), field("Author"), LANGUAGES.get(language, language[:2])


def _catalog_entries(mirrors: Mirrors) -> dict[int, Entry]:
    """The catalog by number, empty when no mirror has it: a title is worth asking for, not worth failing for."""
    try:
        return {entry.id: entry for entry in open_catalog(mirrors)}
    except SourceError:
        return {}


def _stand_in(number: int) -> Entry:
    return Entry(id=number, title=f"Project Gutenberg {number}", author="", language="", issued="", subjects="")
