"""Stage download: gather the books of a collection as they are served, with a manifest."""

from pathlib import Path

import click

from poet.books.manifest import (
    FILES,
    MANIFEST,
    MISSING,
    Book,
    FileCount,
    MissingBook,
    describe_files,
    write_manifest,
)
from poet.costs import records_cost
from poet.errors import SourceError
from poet.files import replacing_folder
from poet.params.file import load_params
from poet.params.sections import Collection, DownloadSettings
from poet.progress import log, progress_bar
from poet.sources.fetched import store_book
from poet.sources.kinds import expected_books, fetch_books

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.download --collection shakespeare --out data/raw/shakespeare")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True, help="A name under `collections` in params.yaml.")
@click.option("--out", type=PATH, required=True, help="The folder of raw books; it is replaced.")
@records_cost
def main(params: Path, collection: str, out: Path) -> None:
    """Fetch the books of a collection as they are served, with a manifest."""
    settings = load_params(params)
    download(settings.collection(collection), settings.download, out)


def download(collection: Collection, settings: DownloadSettings, out: Path) -> None:
    """Fetch every book of `collection` into the folder `out`; SourceError when that is impossible.

    The bytes are stored untouched: whatever has to be changed, the clean stage changes and records.
    """
    books: list[Book] = []
    missing: list[MissingBook] = []
    files: list[FileCount] = []
    # The folder gets its name when everything is in it: an interrupted download leaves no half-filled folder.
    with replacing_folder(out) as folder, progress_bar("download", expected_books(collection.sources)) as advance:
        for fetched in fetch_books(collection.sources, settings):
            if isinstance(fetched, MissingBook):
                missing.append(fetched)
            elif isinstance(fetched, FileCount):
                files.append(fetched)
                continue
            else:
                books.append(store_book(folder, fetched))
            advance(1, fetched.title[:40])
        # Missing books may be allowed, but a collection of nothing is a mistake.
        if not books:
            raise SourceError(
                "no source had any book; see download.mirrors and the collection's sources in params.yaml"
            )
        write_manifest(folder / MANIFEST, books, Book)
        write_manifest(folder / MISSING, missing, MissingBook)
        if files:
            write_manifest(folder / FILES, files, FileCount)
            log(describe_files(files))
    log(f"{len(books)} books, {sum(book.bytes for book in books):,} bytes in {out}")


if __name__ == "__main__":
    main()
