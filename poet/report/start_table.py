"""The tables of the start page: columns that say what they mean, and cells that know how they are sorted."""

from dataclasses import dataclass

from poet.report.words import interval_in_words, points, share
from poet.results.copying import EXCESS_AT


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its head, a few words below it, and what it means. `kind` is a class of start.css."""

    head: str
    note: str = ""
    meaning: str
    kind: str = "number"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a cell shows, with a `note` in small; `order` is what it is sorted by. Without one it is sorted last."""

    text: str
    order: float | str | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row: its name, with a `note` in small and a `link` ("" for none), and its cells.

    `marked` is the run whose model the card of its collection shows.
    """

    name: str
    note: str = ""
    link: str = ""
    marked: bool = False
    cells: list[Cell]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with the best row first."""

    columns: list[Column]
    rows: list[Row]


BITS = Column(
    head="bits per character",
    note="fewer is better",
    meaning="what the model needs for each character of text that it never saw. It does not depend on the size of the "
    "model or on the kind of tokens, but on the books",
)
HELD_OUT = Column(
    head="on held-out books", note="fewer is better", meaning="the same for whole books that the model never saw"
)
SHARE = Column(
    head="copied",
    note=f"{EXCESS_AT}+ characters",
    meaning=f"share of its samples that stands in the books word for word, in pieces of {EXCESS_AT} or more characters",
)
MORE = Column(
    head="more than the authors",
    note="points",
    meaning="what it copies less what the authors repeat in pages that the model never saw, in points of a hundred. "
    "In small: the range in which the true "
    "difference lies with 95 % certainty. If the range contains 0, it copies no more than they do",
)
LONGEST = Column(
    head="longest copy", note="characters", meaning="the longest piece that stands in a book word for word"
)


def number(value: float | None, pattern: str) -> Cell:
    """The cell of a figure, shown by `pattern`; a dash where there is none.

    >>> number(1592841, "{:,}").text, number(None, "{}").text
    ('1,592,841', '–')
    """
    return Cell(text="–" if value is None else pattern.format(value), order=value)


def percent(value: float | None) -> Cell:
    """The cell of a share."""
    return Cell(text=share(value), order=value)


def more_than_authors(excess: float | None, interval: tuple[float, float] | None) -> Cell:
    """The cell of what a model copies beyond the authors, with its interval in small."""
    if excess is None:
        return Cell(text="–", order=None)
    return Cell(text=points(excess), order=excess, note=interval_in_words(interval))
