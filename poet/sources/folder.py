"""Your own texts: the files in a folder and its sub-folders."""

from collections.abc import Iterator
from pathlib import Path

from poet.books.manifest import USED, FileCount, describe_files, safe_stem, shown_name
from poet.cleaning.decoding import OF_FORMAT, without_controls
from poet.cleaning.formats.table import Format, folder_suffixes, format_of
from poet.errors import PoetError, SourceError
from poet.params.sections import DownloadSettings, FolderSource
from poet.progress import log
from poet.project import left_behind
from poet.sources.aliases import alias_of
from poet.sources.fetched import FetchedBook
from poet.sources.folder_files import UNREADABLE, FolderFiles, list_files

# Reasons why a file that looks like a text is not read, beside those of `poet.sources.folder_files`.
EMPTY, BROKEN = "empty", "broken"
# A book of pictures, or a note that has only front matter.
NO_TEXT = "without text"

# The size up to which `poet check` opens a file to see whether it is blank.
BLANK_BYTES = 4096


def fetch_folder(source: FolderSource, settings: DownloadSettings) -> Iterator[FetchedBook | FileCount]:
    """Every text below `source.path`, sorted by path, and then the counts of all files by what became of them.

    Which formats count as a text, `poet.cleaning.formats.table` says; which files are passed over,
    `poet.sources.folder_files`. Raises SourceError when the folder does not exist or has no text. `settings` has no
    effect.
    """
    files = open_folder(source)
    used, odd_names = 0, []
    for path in files.texts:
        content = _read(path, files)
        if content is None:
            continue
        book = _make_book(path.relative_to(files.root), content)
        if book.source != f"folder:{path.relative_to(files.root).as_posix()}":
            odd_names.append(book.id)
        used += 1
        yield book
    counts = _checked([FileCount(outcome=USED, files=used, names=""), *files.counts(aliases=source.aliases)], source)
    if odd_names:
        log(
            f"{len(odd_names)} file names in {source.path} hold controls or bytes that are not UTF-8; their books are "
            f"{', '.join(odd_names[:5])}{' and others' if odd_names[5:] else ''}"
        )
    yield from counts


def count_files(source: FolderSource) -> list[FileCount]:
    """The counts that `fetch_folder` would yield for `source`, with the names of files; no file is unpacked.

    Raises SourceError as `fetch_folder` does.
    """
    files = open_folder(source)
    # Only a small file can be blank, so no other has to be read; and nothing is unpacked.
    used = sum(
        path.stat().st_size > BLANK_BYTES or _read(path, files, unpack=False) is not None for path in files.texts
    )
    return _checked([FileCount(outcome=USED, files=used, names=""), *files.counts(aliases=False)], source)


def book_ids(source: FolderSource) -> Iterator[tuple[str, str]]:
    """The id of each text of `source`, under its alias if it has one, and the path of the file for people."""
    files = open_folder(source)
    for path in files.texts:
        relative = path.relative_to(files.root)
        book = _id_of(relative)
        yield alias_of(book) if source.aliases else book, shown_name(relative.as_posix())


def _id_of(relative: Path) -> str:
    """The id of the book in the file `relative` of a folder."""
    # From the path and not only the name: "1/notes.txt" and "2/notes.txt" are two books.
    return safe_stem(relative.with_suffix("").as_posix(), relative.suffix)


def _checked(counts: list[FileCount], source: FolderSource) -> list[FileCount]:
    """`counts`; SourceError if no file was used."""
    if not counts[0].files:
        raise SourceError(f"the folder {source.path} has no text that can be read: {describe_files(counts)}")
    return counts


def open_folder(source: FolderSource) -> FolderFiles:
    """The files of `source`; SourceError when the folder does not exist, or has no file that could be a text."""
    root = Path(source.path).expanduser()
    *most, last = folder_suffixes()
    kinds = f"{', '.join(most)} or {last}" if most else last
    if not root.is_dir():
        raise SourceError(
            left_behind(source.path)
            or f"the folder {source.path} does not exist; make it and put {kinds} files into it, or change `path` in "
            "params.yaml"
        )
    files = list_files(root)
    if not files.texts:
        counts = files.counts(aliases=False)
        found = f" ({describe_files(counts)})" if counts else ""
        raise SourceError(f"the folder {source.path} has no {kinds} file{found}; put at least one text into it")
    return files


def _read_bytes(path: Path, files: FolderFiles) -> bytes | None:
    """The bytes of `path`; None where there are none, which is then noted in `files`."""
    try:
        content = path.read_bytes()
    except OSError:
        files.pass_by(path, UNREADABLE)
        return None
    if not content.strip():
        files.pass_by(path, EMPTY)
        return None
    return content


def _read(path: Path, files: FolderFiles, *, unpack: bool = True) -> bytes | None:
    """The bytes of `path`; None where there is no text in them, which is then noted in `files`.

    `unpack`: whether formats other than text files are opened, too.
    """
    content, kind = _read_bytes(path, files), format_of(path.suffix.lower())
    is_packed = kind.decode is not None and kind.strip_markup is None
    if content is None or (is_packed and not unpack):
        return content
    # Each file is read once here, so that one that is broken or has no text is left out among good ones; the clean
    # stage would stop at it.
    try:
        text = _decoded(kind, content, shown_name(path.name))
        if text is not None and kind.strip_markup is not None:
            text = kind.strip_markup(text)
    except PoetError as error:
        log(f"not read: {error.format_message()}")
        files.pass_by(path, BROKEN)
        return None
    if text is not None and not text.strip():
        files.pass_by(path, NO_TEXT)
        return None
    return content


def _decoded(kind: Format, content: bytes, name: str) -> str | None:
    """The characters of `content`; None for plain text, and where it takes more than a look to tell them."""
    if kind.decode is not None:
        return without_controls(kind.decode(content, name), name, OF_FORMAT).text
    try:
        return content.decode("utf-8-sig") if kind.strip_markup is not None else None
    except UnicodeDecodeError:
        return None  # another encoding, which the clean stage finds out


def _make_book(relative: Path, content: bytes) -> FetchedBook:
    """The book in the file `relative` of a folder."""
    title, author, language = _parse_name(shown_name(relative.stem))
    return FetchedBook(
        id=_id_of(relative),
        title=title,
        author=author,
        language=language,
        source=f"folder:{shown_name(relative.as_posix())}",
        suffix=relative.suffix.lower(),
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
