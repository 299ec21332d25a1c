"""Sources outside the repository: DVC cannot see that they changed, so `poet check` notes their state where it can.

The note is one small file in data/own, on which the download stage depends. It changes when a file of such a source is
added, removed or changed, and only then; the next `dvc repro` then downloads again. Without such sources there is no
note.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from poet.cli.folders import OWN
from poet.errors import DataError
from poet.files import read_json, write_json
from poet.params.sections import CalibreSource, FolderSource, Params

# Hidden, so that a folder source of data/own itself passes it over.
NOTE = OWN / ".outside-sources.json"


def note_outside_sources(settings: Params, root: Path) -> list[str]:
    """Write the state of every outside source of `build` in the repository `root`; returns the paths that changed.

    A source that is noted for the first time has not changed.
    """
    note = root / NOTE
    before = _read_note(note)
    now = {path: fingerprint(Path(path).expanduser()) for path in sorted(set(_outside_paths(settings, root)))}
    # What is not built now keeps its state, or every change of `build` would download again.
    after = before | now
    if after != before:
        write_json(note, after)
    return [path for path, state in now.items() if before.get(path, state) != state]


def _read_note(note: Path) -> dict[str, str]:
    """The state of each path at the last check; DataError where the note is damaged."""
    before: Any = {}
    if note.is_file():
        # The message of `read_json` would send people to DVC, which does not write this file.
        with contextlib.suppress(DataError):
            before = None
            before = read_json(note)
    if not isinstance(before, dict):
        raise DataError(f"{note} is damaged; remove it and run `poet check` again, which writes it anew")
    return before


def _outside_paths(settings: Params, root: Path) -> Iterator[str]:
    """The paths, as params.yaml has them, of the sources of `build` that lie outside `root`."""
    for name in settings.build:
        for source in settings.collection(name).sources:
            if isinstance(source, FolderSource | CalibreSource):
                place = (root / Path(source.path).expanduser()).resolve()
                if not place.is_relative_to(root.resolve()):
                    yield source.path


def fingerprint(folder: Path) -> str:
    """A hash of the names, sizes and times of change of all files below `folder`, without reading them."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            about = path.stat()
            line = f"{path.relative_to(folder)}\0{about.st_size}\0{about.st_mtime_ns}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]
