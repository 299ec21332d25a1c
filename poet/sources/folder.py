"""Your own texts: the files in a folder and its sub-folders."""

from collections.abc import Iterator
from pathlib import Path

from poet.books.manifest import safe_stem
from poet.cleaning.formats.table import folder_suffixes
from poet.errors import SourceError
from poet.params.sections import DownloadSettings, FolderSource
from poet.sources.fetched import FetchedBook


def fetch_folder(source: FolderSource, settings: DownloadSettings) -> Iterator[FetchedBook]:
    """Every text below `source.path`, sorted by path; which formats count as a text, `poet.cleaning.formats.table`
    says.

    Raises SourceError when the folder does not exist, has no text, or has an empty one. `settings` has no effect.
    """
    root, suffixes = Path(source.path).expanduser(), folder_suffixes()
    kinds = " or ".join(suffixes)
    if not root.is_dir():
        raise SourceError(
            f"the folder {source.path} does not exist; make it and put {kinds} files into it, or change `path` in "
            "params.yaml"
        )
    # Sorted, because the order in which a file system lists its files differs between machines.
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    if not paths:
        raise SourceError(f"the folder {source.path} has no {kinds} file; put at least one text into it")
    for path in paths:
        content = path.read_bytes()
        if not content.strip():
            raise SourceError(f"{path} is empty; remove it or put text into it")
        title, author, language = _parse_name(path.stem)
        relative = path.relative_to(root)
        yield FetchedBook(
            # From the path and not only the name: "1/notes.txt" and "2/notes.txt" are two books.
            id=safe_stem(str(relative.with_suffix(""))),
            title=title,
            author=author,
            language=language,
            source=f"folder:{relative.as_posix()}",
            suffix=path.suffix.lower(),
            content=content,
        )


def _parse_name(stem: str) -> tuple[str, str, str]:
    """Title, author and language of a file called `<title> - <author> - <language>`; else the stem as title.

    >>> _parse_name("Pride and Prejudice - Jane Austen - en")
    ('Pride and Prejudice', 'Jane Austen', 'en')
    >>> _parse_name("Letters - Jane Austen - A Selection")
    ('Letters - Jane Austen - A Selection', '', '')
    """
    # From the right, so that a title may contain " - " itself.
    parts = stem.rsplit(" - ", maxsplit=2)
    # Language codes have two letters (en) or three (eng); a longer last part belongs to the title.
    if len(parts) == 3 and len(parts[2]) <= 3:
        return parts[0].strip(), parts[1].strip(), parts[2].strip().lower()
    return stem, "", ""
