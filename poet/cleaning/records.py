"""What is known of each cleaned book, and the tables that are made from it.

A `BookRecord` per book is enough for manifest.csv, removals.csv and corpus.json, so that no text has to stay in memory.
Where these files are, only the clean stage knows.
"""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from poet.books.manifest import ID_COLUMN, PRIVATE, Book, CleanBook
from poet.cleaning.decoding import Decoding
from poet.cleaning.duplicates import Overlap, Sketch, sketch
from poet.cleaning.quality import Quality, measure_quality
from poet.cleaning.text import CleanText, Removal
from poet.errors import CleaningError
from poet.files import write_json
from poet.progress import log

# Pairs of books with common text of which the stage has a line each; corpus.json lists all.
SHOWN_OVERLAPS = 5


@dataclass(frozen=True, kw_only=True)
class BookRecord:
    """A cleaned book without its text: the row of the manifest, every removal, the quality and the sketch."""

    row: CleanBook
    removals: tuple[Removal, ...]
    quality: Quality
    sketch: Sketch
    decoding: Decoding


@dataclass(frozen=True, kw_only=True)
class BookFigures:
    """The figures of one book in corpus.json; the order of the fields is the order of the keys.

    `removed` maps each rule to the share (0 to 1) of the uncleaned text that it took.
    corpus.json has `decoding` only for a book whose file is not plain UTF-8.
    """

    characters: int
    words: int
    distinct_words: int
    guess: str
    odd: Mapping[str, int]
    language: str
    removed: Mapping[str, float]
    flags: Sequence[str]
    decoding: Decoding | None


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """The content of corpus.json: the figures of each book by its id, and the books that share text."""

    books: Mapping[str, BookFigures]
    overlaps: Sequence[Overlap]


def record_book(book: Book, cleaned: CleanText) -> BookRecord:
    """The record of `book` after cleaning."""
    content = cleaned.text.encode("utf-8")
    quality = measure_quality(cleaned.text)
    row = CleanBook(
        id=book.id,
        title=book.title,
        author=book.author,
        language=book.language,
        source=book.source,
        # Whatever the format of the raw file was, the cleaned one is plain text.
        file=f"{book.id}.txt",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        characters=len(cleaned.text),
        removed_characters=cleaned.removed_characters,
        flags=" ".join([*cleaned.flags, *_quality_flags(book.language, quality)]),
        removed=_summarize_removals(cleaned.removals),
        encoding=book.encoding,
        decoding="" if cleaned.decoding.is_plain else cleaned.decoding.summary,
    )
    removals = _without_words(cleaned.removals) if book.source == PRIVATE else cleaned.removals
    return BookRecord(
        row=row, removals=removals, quality=quality, sketch=sketch(cleaned.text), decoding=cleaned.decoding
    )


def _without_words(removals: Iterable[Removal]) -> tuple[Removal, ...]:
    """`removals` without the words of the text: the words around a book are often its title and author."""
    return tuple(dataclasses.replace(removal, first_words="", last_words="") for removal in removals)


def _quality_flags(language: str, quality: Quality) -> list[str]:
    """Remarks on a text that may not be what its source says; "" for a `language` that the source does not know.

    >>> _quality_flags("en", Quality(words=300, distinct_words=90, guess="de", odd={"U+E000": 1}))
    ['language-looks-de', 'odd-characters']
    """
    flags = []
    if quality.guess and language and quality.guess != language:
        flags.append(f"language-looks-{quality.guess}")
    if quality.odd:
        flags.append("odd-characters")
    return flags


def _summarize_removals(removals: Iterable[Removal]) -> str:
    """Rule, number of parts and bytes of each rule, in the order in which the rules first occur.

    >>> part = Removal(rule="licence", characters=60, bytes=64, first_words="", last_words="")
    >>> _summarize_removals([part, dataclasses.replace(part, rule="credits", bytes=38), part])
    'licence:2:128 credits:1:38'
    """
    parts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for removal in removals:
        parts[removal.rule] += 1
        sizes[removal.rule] += removal.bytes
    return " ".join(f"{rule}:{parts[rule]}:{sizes[rule]}" for rule in parts)


def treat_duplicates(
    records: Mapping[str, BookRecord],
    overlaps: Sequence[Overlap],
    policy: Literal["warn", "drop", "fail"],
    is_within: Callable[[str, str], bool],
) -> dict[str, BookRecord]:
    """The `records`, by id, that remain when `policy` is applied to the `overlaps` between them.

    "warn" keeps every book and flags the smaller of two; "drop" leaves the smaller out if all of it is in the other;
    "fail" raises CleaningError. `is_within` compares two books, by id, whole: a sketch may miss a few words.
    """
    if policy == "fail" and overlaps:
        message = _describe_overlap(records, overlaps[0])
        raise CleaningError(f"{message}; remove one of them, or set clean.duplicates to warn or drop")
    kept = dict(records)
    lines = []
    for each in overlaps:
        line = _describe_overlap(records, each)
        # Only a larger book, or an equal one before it, contains a book; what contains the larger contains the smaller
        # too. So the last of a chain stays, and has the words of all.
        contained = policy == "drop" and each.share == 1 and each.book in kept and each.other in kept
        if contained and is_within(each.book, each.other):
            del kept[each.book]
            line += ": dropped"
        lines.append(line)
    for line in lines[:SHOWN_OVERLAPS]:
        log(line)
    if len(lines) > SHOWN_OVERLAPS:
        books = len({overlap.book for overlap in overlaps})
        log(
            f"and {len(lines) - SHOWN_OVERLAPS:,} more pairs; in all, {books:,} books have much of their text in "
            "common with a larger one"
        )
    for each in overlaps:
        if each.book in kept and each.other in kept:
            kept[each.book] = _with_flag(kept[each.book], f"duplicates-{each.other}")
    return kept


def _describe_overlap(records: Mapping[str, BookRecord], overlap: Overlap) -> str:
    book, other = records[overlap.book].row, records[overlap.other].row
    return f"{overlap.share:.0%} of {book.id} ({book.title}) also occurs in {other.id} ({other.title})"


def _with_flag(record: BookRecord, flag: str) -> BookRecord:
    flags = f"{record.row.flags} {flag}".strip()
    return dataclasses.replace(record, row=dataclasses.replace(record.row, flags=flags))


def removals_table(records: Iterable[BookRecord]) -> pd.DataFrame:
    """removals.csv: one row per removed part, with the id of its book and the fields of Removal, in text order."""
    rows = [
        {ID_COLUMN: record.row.id} | dataclasses.asdict(removal) for record in records for removal in record.removals
    ]
    # The columns are named for the case that there is no row.
    return pd.DataFrame(rows, columns=[ID_COLUMN, *(each.name for each in dataclasses.fields(Removal))])


def summarize_corpus(records: Iterable[BookRecord], overlaps: Sequence[Overlap]) -> Corpus:
    """The figures of all books, and the `overlaps` between them."""
    return Corpus(books={record.row.id: _figures(record) for record in records}, overlaps=overlaps)


def _figures(record: BookRecord) -> BookFigures:
    row, quality = record.row, record.quality
    removed: Counter[str] = Counter()
    for removal in record.removals:
        removed[removal.rule] += removal.characters
    uncleaned = row.characters + row.removed_characters
    return BookFigures(
        characters=row.characters,
        words=quality.words,
        distinct_words=quality.distinct_words,
        guess=quality.guess,
        odd=quality.odd,
        language=row.language,
        removed={rule: round(count / uncleaned, 5) for rule, count in removed.items()},
        flags=row.flags.split(),
        decoding=None if record.decoding.is_plain else record.decoding,
    )


def write_corpus(path: Path, corpus: Corpus) -> None:
    """Write `corpus` to the file `path` as JSON."""
    content = dataclasses.asdict(corpus)
    for figures in content["books"].values():
        if figures["decoding"] is None:
            del figures["decoding"]
    write_json(path, content)
