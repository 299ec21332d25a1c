"""Finding books in the catalog: by free words, best first, by fields, and in spite of misspelling."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from poet.finding.catalog_index import EXACT, CatalogIndex, Row, Word, authors_and_helpers
from poet.finding.folding import fold
from poet.finding.languages import language_code
from poet.finding.years import Years, life
from poet.sources.gutenberg.catalog import CatalogEntry

# Words that people type between those that matter: "the trial by franz kafka". They are not searched for among others.
LITTLE_WORDS = frozenset("a an and by das de der des die el et from in la le les of on or the to und von with".split())

# How alike, in percent, a word of the catalog must be to one that it does not have: about one wrong letter in four.
MIN_LIKENESS = 75
# The most words of the catalog that are tried in place of a misspelt one, and the most searches for all of them.
MAX_CANDIDATES = 5
MAX_CORRECTIONS = 10


@dataclass(frozen=True, kw_only=True)
class CatalogQuery:
    """What to search for. An entry must match every field; it matches a field if any of its values does.

    All of `words` must occur in title, author and subjects together. A value of `authors`, `titles` and `subjects` is
    one or more words that must all occur there. `lived`: an author lived in one of these years. An empty field matches
    every entry.
    """

    words: Sequence[str] = ()
    ids: Sequence[int] = ()
    authors: Sequence[str] = ()
    titles: Sequence[str] = ()
    subjects: Sequence[str] = ()
    languages: Sequence[str] = ()
    lived: Years | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every book of the catalog would match."""
        texts = (*self.words, *self.authors, *self.titles, *self.subjects)
        return not (self.ids or any(map(fold, texts)) or any(map(fold, self.languages)) or self.lived)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The entries that match, best first.

    `instead`: the words that were searched for in place of misspelt ones, by the misspelt word. It is empty when the
    query itself matches.
    """

    entries: list[CatalogEntry]
    instead: dict[str, str]


def search(index: CatalogIndex, query: CatalogQuery) -> Found:
    """The entries that match `query`: those of free words by how well they fit, else by id.

    When none does, words that the catalog does not have are replaced by the most similar ones that it has.
    """
    if entries := _search_exactly(index, query):
        return Found(entries=entries, instead={})
    for instead in itertools.islice(_corrections(index, query), MAX_CORRECTIONS):
        if entries := _search_exactly(index, _replaced(query, instead)):
            return Found(entries=entries, instead=instead)
    return Found(entries=[], instead={})


def _search_exactly(index: CatalogIndex, query: CatalogQuery) -> list[CatalogEntry]:
    """The entries that match the words as they are typed."""
    rows = index.rows
    words = [index.word(word) for word in _free_words(query.words)]
    # Cheap conditions first, and the costs only for the few rows that are left.
    for word in words:
        rows = _rows_with(word, rows)
    for condition in _conditions(index, query):
        rows = [row for row in rows if condition(row)]
    if not words:
        return sorted((row.entry for row in rows), key=lambda entry: entry.id)
    return _rank(rows, words, fold(" ".join(query.words)))


def _rows_with(word: Word, rows: list[Row]) -> list[Row]:
    """Those of `rows` in which the word occurs anywhere."""
    needles = word.needles
    if len(needles) == 1:  # three times as fast as `any`
        needle = needles[0]
        return [row for row in rows if needle in row.text]
    return [row for row in rows if any(needle in row.text for needle in needles)]


def _conditions(index: CatalogIndex, query: CatalogQuery) -> Iterator[Callable[[Row], bool]]:
    """What a row must fulfil besides the free words."""
    if query.ids:
        yield lambda row: row.entry.id in query.ids
    # Languages are compared as complete codes: "en" must not match the three letters "enm" (Middle English).
    if codes := {language_code(each) for each in query.languages}:
        yield lambda row: not codes.isdisjoint(row.entry.language.split("; "))
    if years := query.lived:
        yield lambda row: _author_lived(row.entry.author, years)
    if authors := _wanted(index, query.authors):
        yield lambda row: _has_any(row.author + row.helpers, authors)
    if titles := _wanted(index, query.titles):
        yield lambda row: _has_any(row.title, titles)
    if subjects := _wanted(index, query.subjects):
        yield lambda row: _has_any(row.subjects, subjects)


def _wanted(index: CatalogIndex, values: Sequence[str]) -> list[list[Word]]:
    """The words of each of the `values` that has any."""
    return [[index.word(word) for word in _split(value)] for value in values if fold(value)]


def _has_any(text: str, values: list[list[Word]]) -> bool:
    """Whether all words of one of the `values` occur in the folded `text`."""
    return any(all(word.cost(text) is not None for word in words) for words in values)


def _author_lived(authors: str, years: Years) -> bool:
    """Whether one of the `authors` lived in one of the years; a translator or another helper is none of them."""
    names, _ = authors_and_helpers(authors)
    return any((lifetime := life(name)) is not None and lifetime.overlaps(years) for name in names.split("; "))


def _rank(rows: list[Row], words: list[Word], phrase: str) -> list[CatalogEntry]:
    """The rows, each of which has every word, best first.

    Whole words come before other spellings, and these before parts of words; for each kind, titles before authors,
    authors before translators and other helpers, and these before subjects. Then come rows that have a word in several
    fields, titles that begin as the query does, short titles if a word is in them, and low numbers: the best known
    books were the first in Gutenberg.
    """

    def order(row: Row) -> tuple[int, ...]:
        cost = places = in_title = 0
        for word in words:
            kinds = [word.cost(text) for text in (row.title, row.author, row.helpers, row.subjects)]
            cost += min(len(kinds) * kind + i for i, kind in enumerate(kinds) if kind is not None)
            places += sum(kind == EXACT for kind in kinds[:2])
            in_title += kinds[0] is not None
        begins = row.title.startswith(f" {phrase} ")
        others = len(row.title.split()) if in_title else 0
        return cost, -places, not begins, others, row.entry.id

    return [row.entry for row in sorted(rows, key=order)]


def _split(text: str) -> list[str]:
    """The words of `text` as they were typed: split where folding splits them, with their accents."""
    return [
        word
        for chunk in text.split()
        # A chunk that folding splits, as "H.G.", has no second spelling that matters.
        for word in ([chunk] if " " not in fold(chunk) else fold(chunk).split())
        if fold(word)
    ]


def _free_words(words: Sequence[str]) -> list[str]:
    """The words to search for: without the little ones, unless there are no others."""
    split = _split(" ".join(words))
    return [word for word in split if fold(word) not in LITTLE_WORDS] or split


def _corrections(index: CatalogIndex, query: CatalogQuery) -> Iterator[dict[str, str]]:
    """What may be meant in place of the words that the catalog does not have, most similar first.

    If it has all of them, but not together, one word after the other is taken for misspelt.
    """
    texts = (" ".join(_free_words(query.words)), *query.authors, *query.titles, *query.subjects)
    words = list(dict.fromkeys(fold(word) for text in texts for word in _split(text)))
    similar = {word: found for word in words if (found := _similar_words(index, word))}
    missing = [word for word in words if not any(word in row.text for row in index.rows)]
    if any(word not in similar for word in missing):
        return
    for group in [missing] if missing else [[word] for word in similar]:
        choices = [similar[word] for word in group]
        # By the sum of the places in the lists: the best of each word first.
        picks_of_all = itertools.product(*(range(len(each)) for each in choices))
        for picks in sorted(itertools.islice(picks_of_all, MAX_CANDIDATES**3), key=sum):
            yield {word: choice[pick] for word, choice, pick in zip(group, choices, picks, strict=True)}


def _similar_words(index: CatalogIndex, word: str) -> list[str]:
    """The words of the catalog most similar to `word`, best first."""
    from rapidfuzz import fuzz, process

    found = process.extract(word, index.vocabulary, scorer=fuzz.ratio, score_cutoff=MIN_LIKENESS, limit=MAX_CANDIDATES)
    return [other for other, _, _ in found if other != word]


def _replaced(query: CatalogQuery, instead: dict[str, str]) -> CatalogQuery:
    """The query with the words of `instead` in place of those that they are for."""

    def changed(values: Sequence[str]) -> list[str]:
        return [" ".join(instead.get(fold(word), word) for word in _split(value)) for value in values]

    return replace(
        query,
        words=changed([" ".join(query.words)]) if query.words else (),
        authors=changed(query.authors),
        titles=changed(query.titles),
        subjects=changed(query.subjects),
    )
