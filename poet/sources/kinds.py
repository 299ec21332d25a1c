"""The kinds of source: one table, by the class of a source's settings, of the functions that yield its books.

To add a kind of source:
1. write its settings as a class in `poet/params/sections.py`, and add the class to `Source` there;
2. write a module in this folder with a function that yields its books;
3. add one entry to SOURCES.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from poet.books.manifest import FileCount, MissingBook
from poet.cleaning.charsets import charset_of
from poet.errors import SourceError
from poet.params.sections import (
    CalibreSource,
    DownloadSettings,
    FolderSource,
    GutenbergSource,
    PackageSource,
    Source,
)
from poet.sources.aliases import Aliases
from poet.sources.calibre import fetch_calibre
from poet.sources.fetched import FetchedBook
from poet.sources.folder import fetch_folder
from poet.sources.gutenberg.books import fetch_gutenberg
from poet.sources.gutenberg.mirrors import Mirrors
from poet.sources.package import fetch_package

# Takes the settings of one source and those of all downloads; yields the books in a fixed order. The order matters: it
# becomes the order of the manifest, and with it the order of the training text.
FetchFunction = Callable[[Any, DownloadSettings], Iterator[FetchedBook | MissingBook | FileCount]]

# The class of a source's settings: the function that yields its books.
SOURCES: dict[type, FetchFunction] = {
    PackageSource: fetch_package,
    GutenbergSource: fetch_gutenberg,
    FolderSource: fetch_folder,
    CalibreSource: fetch_calibre,
}


def fetch_books(
    sources: Sequence[Source], settings: DownloadSettings
) -> Iterator[FetchedBook | MissingBook | FileCount]:
    """The books of all `sources`, in their order, under aliases where a source asks for them; behind the books of a
    folder, the counts of its files.

    Raises SourceError when a source fails, when its `encoding` is unknown, when a book is missing (unless
    `settings.allow_missing`), and when two books have the same id.
    """
    readers = _readers(settings)
    aliases = Aliases()  # one for all sources, so that an author of two of them keeps one alias
    places: dict[str, str] = {}  # id of a book: the place that it came from
    for source in sources:
        encoding = charset_setting(source)
        for book in readers[type(source)](source, settings):
            if not isinstance(book, FetchedBook):
                yield book
                continue
            # Of two folders, the place of a book in its folder does not tell which of them is meant.
            place = (
                f"{book.source} in {source.path}" if isinstance(source, FolderSource | CalibreSource) else book.source
            )
            book = dataclasses.replace(book, encoding=encoding)
            # Only sources of private books have the setting `aliases`.
            if getattr(source, "aliases", False):
                book = aliases.rename(book)
            # The id is the name of the file: the second book would overwrite the first.
            if book.id in places:
                raise SourceError(
                    f"two books of the collection have the id {book.id!r}: {places[book.id]} and {place}; rename "
                    "or remove one"
                )
            places[book.id] = place
            yield book


def _readers(settings: DownloadSettings) -> dict[type, FetchFunction]:
    """SOURCES for one run, in which all Gutenberg sources share one object of mirrors.

    So the pause between two requests holds for the whole run, and no source waits for a server that an earlier one
    could not reach.
    """
    mirrors = Mirrors(settings.mirrors, max_bytes=settings.max_bytes)
    return {**SOURCES, GutenbergSource: functools.partial(fetch_gutenberg, mirrors=mirrors)}


def charset_setting(source: Any) -> str:
    """The codec that the setting `encoding` of `source` means, "" if it has none; SourceError for an unknown one."""
    setting = getattr(source, "encoding", "")
    charset = charset_of(setting)
    if setting and not charset:
        raise SourceError(
            f"a source of kind {source.kind} has `encoding: {setting}`, which is no charset that Python has; write one "
            "such as utf-8, cp1252, iso-8859-2, koi8-r or big5 in params.yaml"
        )
    return charset


def expected_books(sources: Sequence[Source]) -> int:
    """An estimate of how many books `sources` have, for a progress bar: at least 1.

    Only a list of Gutenberg ids says so beforehand; without one, every source counts as one book.

    >>> expected_books([GutenbergSource(kind="gutenberg", ids=[158, 1342]), FolderSource(kind="folder", path="own")])
    2
    >>> expected_books([FolderSource(kind="folder", path="own")])
    1
    """
    listed = sum(len(source.ids) for source in sources if isinstance(source, GutenbergSource))
    return listed or len(sources)
