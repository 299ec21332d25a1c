"""Names in split.held_out_books that hold nothing out: misspelt ones, and ids of a book that has left the shelf."""

import difflib
from pathlib import Path

from poet.books.manifest import MANIFEST, Book, read_manifest
from poet.cli.folders import RAW
from poet.params.sections import Params


def unknown_held_out(settings: Params, root: Path) -> list[tuple[str, str]]:
    """The names in split.held_out_books that no collection of `build` has, each with the most similar id, or "".

    Ids are known once a collection is downloaded to the repository `root`. Before all are, no name is returned.
    """
    manifests = [root / RAW / name / MANIFEST for name in settings.build]
    if not all(manifest.is_file() for manifest in manifests):
        return []
    ids = {book.id for manifest in manifests for book in read_manifest(manifest, Book)}
    unknown = [name for name in settings.split.held_out_books if name not in ids]
    return [(name, next(iter(difflib.get_close_matches(name, ids, n=1)), "")) for name in unknown]
