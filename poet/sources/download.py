"""Stage one: gather the books of a collection as bytes, untouched, with a manifest."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from poet.books.manifest import MANIFEST, MISSING, Book, MissingBook, write_manifest
from poet.errors import SourceError
from poet.files import replacing_folder
from poet.params.sections import (
    CalibreSource,
    Collection,
    DownloadSettings,
    FolderSource,
    GutenbergSource,
    PackageSource,
    Source,
)
from poet.progress import progress_bar
from poet.sources.aliases import Aliases
from poet.sources.calibre import fetch_calibre
from poet.sources.fetched import FetchedBook
from poet.sources.folder import fetch_folder
from poet.sources.gutenberg.books import fetch_gutenberg
from poet.sources.package import fetch_package


def download(collection: Collection, settings: DownloadSettings, out: Path) -> list[Book]:
    """Fetch every book of `collection` into the folder `out`; returns the rows of its manifest.

    Raises SourceError when a source fails, a book is missing (unless allowed) or two books would share an id.
    """
    books: list[Book] = []
    missing: list[MissingBook] = []
    count = sum(len(source.ids) for source in collection.sources if isinstance(source, GutenbergSource))
    with replacing_folder(out) as folder, progress_bar("download", count or len(collection.sources)) as advance:
        for fetched in _fetch_all(collection, settings):
            advance(1, fetched.title[:40])
            if isinstance(fetched, MissingBook):
                missing.append(fetched)
                continue
            if any(book.id == fetched.id for book in books):
                raise SourceError(
                    f"two books of the collection have the id {fetched.id!r} (second: {fetched.source}); rename or "
                    "remove one"
                )
            books.append(_store(fetched, folder))
        if not books:
            raise SourceError(
                "no source had any book; see download.mirrors and the collection's sources in params.yaml"
            )
        write_manifest(folder / MANIFEST, books, Book)
        write_manifest(folder / MISSING, missing, MissingBook)
    return books


def _fetch_all(collection: Collection, settings: DownloadSettings) -> Iterator[FetchedBook | MissingBook]:
    aliases = Aliases()
    for source in collection.sources:
        for fetched in _fetch(source, settings):
            if (
                isinstance(source, (FolderSource, CalibreSource))
                and source.aliases
                and isinstance(fetched, FetchedBook)
            ):
                yield aliases.rename(fetched)
            else:
                yield fetched


def _fetch(source: Source, settings: DownloadSettings) -> Iterator[FetchedBook | MissingBook]:
    if isinstance(source, PackageSource):
        return fetch_package(source)
    if isinstance(source, GutenbergSource):
        return fetch_gutenberg(source, settings)
    if isinstance(source, CalibreSource):
        return fetch_calibre(source)
    return fetch_folder(source)


def _store(fetched: FetchedBook, folder: Path) -> Book:
    file = fetched.id + fetched.suffix
    (folder / file).write_bytes(fetched.content)
    return Book(
        id=fetched.id,
        title=fetched.title,
        author=fetched.author,
        language=fetched.language,
        source=fetched.source,
        file=file,
        bytes=len(fetched.content),
        sha256=hashlib.sha256(fetched.content).hexdigest(),
    )
