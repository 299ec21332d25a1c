"""The catalog prepared for searching: every text folded once, and the words that occur in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from poet.finding.folding import (
    MIN_TRANSLITERATED,
    fold_all,
    spellings,
    transliterate_all,
    transliterated,
)
from poet.sources.gutenberg.catalog import CatalogEntry

# How well a word of the query is found in a field, best first.
EXACT, RESPELT, PART = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with its folded fields, each with a blank at both ends, so that ` word ` is a whole word.

    `helpers`: translators, editors and others with a role in brackets, as the catalog lists them among the authors.
    `text`: all fields, one a line.
    """

    entry: CatalogEntry
    title: str
    author: str
    helpers: str
    subjects: str
    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the query: `exact` has its spellings, `respelt` the catalog's words that are transliterations of it."""

    exact: tuple[str, ...]
    respelt: tuple[str, ...]

    @property
    def needles(self) -> list[str]:
        """What must occur in a folded text, any of them, for the word to be found in it."""
        # A single letter is an initial: it begins a word.
        return [*(each if len(each) > 1 else f" {each}" for each in self.exact), *self.respelt]

    def cost(self, text: str) -> int | None:
        """How well the word is found in the folded field `text`: EXACT, RESPELT, PART, or None when it is not."""
        if not any(each in text for each in self.needles):
            return None
        if any(f" {each} " in text for each in self.exact):
            return EXACT
        return RESPELT if any(f" {each} " in text for each in self.respelt) else PART


class CatalogIndex:
    """The catalog prepared for searching: every text is folded once."""

    def __init__(self, entries: Sequence[CatalogEntry]) -> None:
        names = [authors_and_helpers(entry.author) for entry in entries]
        columns = (
            [entry.title for entry in entries],
            [authors for authors, _ in names],
            [helpers for _, helpers in names],
            [entry.subjects for entry in entries],
        )
        folded = zip(*map(fold_all, columns), strict=True)
        self.rows = [_make_row(entry, fields) for entry, fields in zip(entries, folded, strict=True)]

    @cached_property
    def vocabulary(self) -> list[str]:
        """All words of titles, authors and subjects, sorted."""
        words: set[str] = set()
        for row in self.rows:
            words.update(row.text.split())
        return sorted(words)

    @cached_property
    def _by_transliteration(self) -> dict[str, list[str]]:
        """The words of the catalog by the one spelling of their transliterations."""
        long = [word for word in self.vocabulary if len(word) >= MIN_TRANSLITERATED]
        groups: dict[str, list[str]] = {}
        for word, same in zip(long, transliterate_all(long), strict=True):
            groups.setdefault(same, []).append(word)
        return groups

    def word(self, text: str) -> Word:
        """The word `text` of a query, with the other words of the catalog that it may stand for."""
        exact = spellings(text)
        if len(exact[0]) < MIN_TRANSLITERATED:
            return Word(exact, ())
        others = self._by_transliteration.get(transliterated(exact[0]), ())
        return Word(exact, tuple(other for other in others if other not in exact))


def _make_row(entry: CatalogEntry, fields: Sequence[str]) -> Row:
    title, author, helpers, subjects = (f" {field} " for field in fields)
    return Row(entry, title, author, helpers, subjects, text=f"{title}\n{author}\n{helpers}\n{subjects}")


def authors_and_helpers(names: str) -> tuple[str, str]:
    """The names without and those with a role in brackets.

    >>> authors_and_helpers("Kafka, Franz, 1883-1924; Wyllie, David [Translator]")
    ('Kafka, Franz, 1883-1924', 'Wyllie, David [Translator]')
    """
    if "]" not in names:
        return names, ""
    split = names.split("; ")
    authors = [name for name in split if not name.endswith("]")]
    return "; ".join(authors), "; ".join(name for name in split if name.endswith("]"))
