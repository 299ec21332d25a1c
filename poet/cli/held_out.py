"""Names in split.held_out_books that hold nothing out: misspelt ones, and ids of a book that has left the shelf."""

from pathlib import Path

from poet.books.manifest import MANIFEST, Book, read_manifest
from poet.cli.folders import RAW
from poet.params.sections import Params
from poet.params.values import did_you_mean


def unknown_held_out(settings: Params, root: Path) -> list[str]:
    """One line for each name in split.held_out_books that no collection of `build` has.

    Ids are known once a collection is downloaded to the repository `root`. Before all are, nothing is known.
    """
    manifests = [root / RAW / name / MANIFEST for name in settings.build]
    if not all(manifest.is_file() for manifest in manifests):
        return []
    ids = {book.id for manifest in manifests for book in read_manifest(manifest, Book)}
    return [
        f"split.held_out_books: no book that is built has the id {name}; it holds nothing out{did_you_mean(name, ids)}"
        for name in settings.split.held_out_books
        if name not in ids
    ]
