"""The files in a folder and its sub-folders: which of them are texts, and why each other one is none.

Only names, sizes and links are looked at here; `poet.sources.folder` reads the texts.
"""

import os
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from poet.books.manifest import PASSED_OVER, FileCount, shown_name
from poet.cleaning.formats.table import folder_suffixes

# Names of files and folders that systems and editors leave behind: hidden ones (Unix, and `._*` of macOS), the second
# tree in archives of macOS, the thumbnails and settings of Windows, backups and swap files, locks of office programs.
HOUSEKEEPING = re.compile(
    r"\..*|__MACOSX|Thumbs\.db|ehthumbs\.db|desktop\.ini|.*~|~\$.*|#.*#|.*\.(?:bak|swp|swo)", re.IGNORECASE | re.DOTALL
)

# Reasons why a file is not read; the suffix is the reason for a file that is no text.
OUTSIDE = "linked from outside the folder"
DANGLING = "broken link"
TWICE = "linked twice"
UNREADABLE = "unreadable"
OTHER_ENCODING = "in another encoding, with fewer characters"
OTHER_KIND = "of another kind"
NO_FILE = "no file"

# Project Gutenberg's names for the encodings of one text: 158.txt in ASCII, 158-8.txt in Latin-1, 158-0.txt in UTF-8.
GUTENBERG_NAME = re.compile(r"(\d{2,})(-[08])?\.txt", re.IGNORECASE)
ENCODINGS = (None, "-8", "-0")  # in the order in which they know more characters
# The largest difference in size, as a share, between two encodings of one text.
ENCODING_DIFFERENCE = 0.1

# Names of files that a FileCount holds as examples.
EXAMPLES = 5


@dataclass
class FolderFiles:
    """The `texts` of a folder in their order, and all other files by the reason why they are `not_read`."""

    root: Path
    texts: list[Path] = field(default_factory=list)
    not_read: dict[str, list[str]] = field(default_factory=dict)

    def pass_by(self, path: Path, reason: str) -> None:
        """Note that `path` is not read."""
        self.not_read.setdefault(reason, []).append(shown_name(path.relative_to(self.root).as_posix()))

    def counts(self, *, aliases: bool) -> list[FileCount]:
        """The files that are not read, by reason; with `aliases` nothing that comes from a name."""
        found: dict[str, list[str]] = defaultdict(list)
        for reason, names in sorted(self.not_read.items()):
            # What follows the last dot of a name can be a name itself, as in "Letters to Dr.Miller".
            found[OTHER_KIND if aliases and reason.startswith(".") else reason] += names
        return [
            FileCount(outcome=reason, files=len(names), names="" if aliases else "; ".join(names[:EXAMPLES]))
            for reason, names in found.items()
        ]


def list_files(root: Path) -> FolderFiles:
    """What the folder `root` holds. Links are followed inside `root`; each file and folder is visited once."""
    found, suffixes = FolderFiles(root), folder_suffixes()
    for path in _walk(root, found):
        suffix = path.suffix.lower()
        if not path.is_file():
            # A pipe or a device: whoever opens one can wait for ever.
            found.pass_by(path, NO_FILE)
        elif suffix in suffixes:
            found.texts.append(path)
        else:
            found.pass_by(path, shown_name(suffix) or "without suffix")
    # Sorted, because the order in which a file system lists its files differs between machines.
    found.texts.sort()
    poorer = _poorer_encodings(found.texts)
    found.texts = [path for path in found.texts if path not in poorer]
    for path in poorer:
        found.pass_by(path, OTHER_ENCODING)
    return found


def _walk(root: Path, found: FolderFiles) -> Iterator[Path]:
    """Every file below `root`, and what links lead to; what cannot be visited is noted in `found`."""
    inside, visited = os.path.realpath(root), set[str]()  # of folders and files, the real paths
    folders, links = [root], deque[Path]()
    # Links come last: what they lead to keeps the name that it has without them, and a loop leads to a visited folder.
    while folders or links:
        path = folders.pop() if folders else links.popleft()
        real = os.path.realpath(path)
        if not path.exists():
            found.pass_by(path, DANGLING)
        elif not Path(real).is_relative_to(inside):
            found.pass_by(path, OUTSIDE)
        elif real in visited:
            found.pass_by(path, TWICE)
        elif path.is_dir():
            for entry in _entries(path, found):
                if entry.is_symlink():
                    links.append(entry)
                elif entry.is_dir():
                    folders.append(entry)
                else:
                    visited.add(os.path.realpath(entry))
                    yield entry
        else:
            yield path
        visited.add(real)


def _entries(folder: Path, found: FolderFiles) -> list[Path]:
    """What `folder` holds, sorted by name, without what systems and editors leave behind."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        found.pass_by(folder, UNREADABLE)
        return []
    entries = []
    for path in paths:
        if HOUSEKEEPING.fullmatch(path.name):
            found.pass_by(path, PASSED_OVER)
        else:
            entries.append(path)
    return entries


def _poorer_encodings(texts: list[Path]) -> dict[Path, None]:
    """Of Gutenberg's files of one book in several encodings, all but the one that knows the most characters.

    Keys in order: a set that keeps it.
    """
    books: dict[tuple[Path, str], list[tuple[int, Path]]] = defaultdict(list)
    for path in texts:
        if name := GUTENBERG_NAME.fullmatch(path.name):
            books[path.parent, name[1]].append((ENCODINGS.index(name[2]), path))
    poorer: dict[Path, None] = {}
    for files in books.values():
        *others, (_, best) = sorted(files)
        size = best.stat().st_size
        # Files of another size are no other encoding: "10.txt" and "10-8.txt" can also be two chapters.
        near = [path for _, path in others if abs(path.stat().st_size - size) <= ENCODING_DIFFERENCE * size]
        poorer |= dict.fromkeys(near)
    return poorer
