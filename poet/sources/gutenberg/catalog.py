"""Gutenberg's catalog: one row per book, searched without regard to case and accents."""

import csv
import gzip
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from poet.errors import SourceError
from poet.sources.gutenberg.mirrors import Mirrors, Missed

COLUMNS = {"Text#", "Type", "Issued", "Title", "Language", "Authors", "Subjects", "Bookshelves"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A text of the catalog; `language` may name several, as `en; fr`, and `author` too."""

    id: int
    title: str
    author: str
    language: str
    issued: str
    subjects: str


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for: each field matches if any of its values does; an empty field matches all."""

    ids: Sequence[int] = ()
    authors: Sequence[str] = ()
    titles: Sequence[str] = ()
    subjects: Sequence[str] = ()
    languages: Sequence[str] = ()

    def matches(self, entry: Entry) -> bool:
        """Whether `entry` satisfies every field."""
        return (
            (not self.ids or entry.id in self.ids)
            and _any_in(self.authors, entry.author)
            and _any_in(self.titles, entry.title)
            and _any_in(self.subjects, entry.subjects)
            and (not self.languages or bool({fold(each) for each in self.languages} & set(entry.language.split("; "))))
        )

    @property
    def is_empty(self) -> bool:
        """Whether it would match every book there is."""
        return not (self.ids or self.authors or self.titles or self.subjects or self.languages)


def fold(text: str) -> str:
    """`text` for comparison: no case, no accents.

    >>> fold("Brontë, ÆSOP")
    'bronte, æsop'
    """
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _any_in(wanted: Sequence[str], text: str) -> bool:
    folded = fold(text) if wanted else ""
    return not wanted or any(all(word in folded for word in fold(each).split()) for each in wanted)


def open_catalog(mirrors: Mirrors) -> list[Entry]:
    """The texts of the catalog of the first mirror that has one; SourceError names where it was looked for."""
    found = mirrors.catalog
    if isinstance(found, Missed):
        tried = "\n".join(f"  {each}" for each in found.tried)
        raise SourceError(
            f"no mirror has Gutenberg's catalog; tried\n{tried}\nCheck the network, or download.mirrors in params.yaml."
        )
    return list(_read(found.path))


def _read(path: Path) -> Iterator[Entry]:
    """The rows of type Text, each book once; SourceError when the file is not the catalog."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))
        if not set(rows.fieldnames or ()) >= COLUMNS:
            raise ValueError(f"its columns are {', '.join(rows.fieldnames or ())}")
        seen: set[int] = set()
        for row in rows:
            number = int(row["Text#"])
            if row["Type"] == "Text" and number not in seen:
                seen.add(number)
                yield Entry(
                    id=number,
                    title=" ".join(row["Title"].split()),
                    author=" ".join(row["Authors"].split()),
                    language=row["Language"],
                    issued=row["Issued"],
                    subjects=f"{row['Subjects']}; {row['Bookshelves']}",
                )
    except (OSError, EOFError, ValueError, KeyError, csv.Error) as error:
        raise SourceError(f"{path} is not Gutenberg's catalog ({error}). Remove it and try again.") from None


def search(catalog: Sequence[Entry], query: Query) -> list[Entry]:
    """The entries that match `query`, in the order of their ids."""
    return sorted((entry for entry in catalog if query.matches(entry)), key=lambda entry: entry.id)
