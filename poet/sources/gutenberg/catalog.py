"""Gutenberg's catalog: one row per book, searched without regard to case and accents."""

import csv
import gzip
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from poet.errors import SourceError
from poet.sources.gutenberg.mirrors import Mirrors, NotFound

# The columns that are read. The feed has more, and may get new ones.
COLUMNS = {"Text#", "Type", "Issued", "Title", "Language", "Authors", "Subjects", "Bookshelves"}


@dataclass(frozen=True, kw_only=True)
class CatalogEntry:
    """A text of the catalog; several languages, authors or subjects are separated by `; `, as in `en; fr`."""

    id: int
    title: str
    author: str
    language: str
    issued: str
    subjects: str


@dataclass(frozen=True, kw_only=True)
class CatalogQuery:
    """What to search for. An entry must match every field; it matches a field if any of its values does.

    A value of `authors`, `titles` and `subjects` is one or more words that must all occur. An empty field matches every
    entry.
    """

    ids: Sequence[int] = ()
    authors: Sequence[str] = ()
    titles: Sequence[str] = ()
    subjects: Sequence[str] = ()
    languages: Sequence[str] = ()

    def matches(self, entry: CatalogEntry) -> bool:
        """Whether `entry` satisfies every field."""
        return (
            (not self.ids or entry.id in self.ids)
            and _matches_any(self.authors, entry.author)
            and _matches_any(self.titles, entry.title)
            and _matches_any(self.subjects, entry.subjects)
            # Languages are compared as complete codes: "en" must not match the three letters "enm" (Middle English).
            and (not self.languages or bool({fold(each) for each in self.languages} & set(entry.language.split("; "))))
        )

    @property
    def is_empty(self) -> bool:
        """Whether every book of the catalog would match."""
        return not (self.ids or self.authors or self.titles or self.subjects or self.languages)


def fold(text: str) -> str:
    """`text` in the form in which it is compared: without case and accents.

    >>> fold("Brontë, ÆSOP")
    'bronte, æsop'
    """
    # NFKD splits a letter from its accent, which is then a combining character of its own.
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _matches_any(values: Sequence[str], text: str) -> bool:
    """Whether all words of one of the `values` occur in `text`; also when there is no value.

    >>> _matches_any(["emily bronte", "kant"], "Brontë, Emily"), _matches_any(["anne bronte"], "Brontë, Emily")
    (True, False)
    """
    if not values:
        return True
    folded = fold(text)
    return any(all(word in folded for word in fold(value).split()) for value in values)


def open_catalog(mirrors: Mirrors) -> list[CatalogEntry]:
    """The texts of the catalog of the first mirror that has one; SourceError lists every address that was tried."""
    found = mirrors.catalog
    if isinstance(found, NotFound):
        tried = "\n".join(f"  {each}" for each in found.tried)
        raise SourceError(
            f"no mirror has Gutenberg's catalog; tried\n{tried}\nCheck the network, or download.mirrors in params.yaml."
        )
    return list(_read_entries(found.path))


def _read_entries(path: Path) -> Iterator[CatalogEntry]:
    """The rows of type Text, each book once; SourceError when the file is not the catalog."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        # newline="": titles contain line breaks inside quotes, which the CSV reader has to see as they are.
        rows = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))
        if not set(rows.fieldnames or ()) >= COLUMNS:
            raise ValueError(f"its columns are {', '.join(rows.fieldnames or ())}")
        seen: set[int] = set()
        for row in rows:
            number = int(row["Text#"])
            # Other types are sound, images and data. A book may be listed twice.
            if row["Type"] == "Text" and number not in seen:
                seen.add(number)
                yield CatalogEntry(
                    id=number,
                    title=" ".join(row["Title"].split()),
                    author=" ".join(row["Authors"].split()),
                    language=row["Language"],
                    issued=row["Issued"],
                    subjects=f"{row['Subjects']}; {row['Bookshelves']}",
                )
    except (OSError, EOFError, ValueError, KeyError, csv.Error) as error:
        raise SourceError(f"{path} is not Gutenberg's catalog ({error}). Remove it and try again.") from None


def search(catalog: Sequence[CatalogEntry], query: CatalogQuery) -> list[CatalogEntry]:
    """The entries that match `query`, sorted by id."""
    return sorted((entry for entry in catalog if query.matches(entry)), key=lambda entry: entry.id)
