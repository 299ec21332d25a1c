"""Books that an installed Python distribution carries as data files. The distribution is never imported."""

import fnmatch
import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from poet.books.manifest import safe_stem
from poet.errors import SourceError
from poet.params.sections import PackageSource
from poet.sources.fetched import FetchedBook

# Words that a title keeps small when it has to be guessed from a file name.
SMALL_WORDS = {"a", "and", "as", "for", "in", "of", "on", "the", "to"}


def fetch_package(source: PackageSource) -> Iterator[FetchedBook]:
    """Every file of the distribution that `source.files` matches, by path; SourceError when it is not installed or has
    none.
    """
    try:
        distribution = importlib.metadata.distribution(source.distribution)
    except importlib.metadata.PackageNotFoundError:
        raise SourceError(
            f"the package {source.distribution!r} is not installed; run `make setup` or `pip install "
            f"{source.distribution}`"
        ) from None
    paths = sorted(str(path) for path in distribution.files or [] if fnmatch.fnmatchcase(str(path), source.files))
    if not paths:
        raise SourceError(f"the package {source.distribution!r} has no file that matches {source.files!r}")
    for path in paths:
        content = Path(str(distribution.locate_file(path))).read_bytes()
        stem = PurePosixPath(path).stem
        yield FetchedBook(
            id=safe_stem(stem),
            title=_title(content, stem),
            author=source.author,
            language=source.language,
            source=f"package:{source.distribution}/{distribution.version}/{path}",
            suffix=PurePosixPath(path).suffix,
            content=content,
        )


def _title(content: bytes, stem: str) -> str:
    """The first-level Markdown heading on the first line, else the file name in words."""
    first_line = content.partition(b"\n")[0].decode("utf-8", "replace")
    if heading := re.match(r"# +(\S.*)", first_line):
        return heading[1].strip()
    first, *rest = stem.replace("-", " ").split()
    return " ".join([first.capitalize(), *(word if word in SMALL_WORDS else word.capitalize() for word in rest)])
