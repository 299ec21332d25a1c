"""Your own texts: .txt files in a folder and its sub-folders."""

from collections.abc import Iterator
from pathlib import Path

from poet.books.manifest import safe_stem
from poet.errors import SourceError
from poet.params.sections import FolderSource
from poet.sources.fetched import FetchedBook


def fetch_folder(source: FolderSource) -> Iterator[FetchedBook]:
    """Every .txt file below `source.path`, by path; SourceError when there is none or one is empty or no text."""
    root = Path(source.path).expanduser()
    if not root.is_dir():
        raise SourceError(
            f"the folder {source.path} does not exist; make it and put .txt files into it, or change `path` in "
            "params.yaml"
        )
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() == ".txt" and path.is_file())
    if not paths:
        raise SourceError(f"the folder {source.path} holds no .txt file; put at least one text into it")
    for path in paths:
        content = path.read_bytes()
        if not content.strip():
            raise SourceError(f"{path} is empty; remove it or put text into it")
        title, author, language = _parse_name(path.stem)
        relative = path.relative_to(root)
        yield FetchedBook(
            id=safe_stem(str(relative.with_suffix(""))),
            title=title,
            author=author,
            language=language,
            source=f"folder:{relative.as_posix()}",
            suffix=".txt",
            content=content,
        )


def _parse_name(stem: str) -> tuple[str, str, str]:
    """Title, author and language of a file name.

    >>> _parse_name("Pride and Prejudice - Jane Austen - en")
    ('Pride and Prejudice', 'Jane Austen', 'en')
    >>> _parse_name("notes")
    ('notes', '', '')
    """
    parts = stem.rsplit(" - ", maxsplit=2)
    if len(parts) == 3 and len(parts[2]) <= 3:
        return parts[0].strip(), parts[1].strip(), parts[2].strip().lower()
    return stem, "", ""
