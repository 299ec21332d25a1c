"""The runs of a collection as tables: which are comparable, in what they differ, and how well they did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from poet.report.parameter_words import PARAMETERS, Words
from poet.results.copying import EXCESS, EXCESS_AT
from poet.tracking.finished_runs import FinishedRun

# The figures of a run by their names in MLflow: today's, and the one that older runs have.
FIGURES = {
    "bits": ("evaluation/bits_per_character", "evaluation.bits_per_character"),
    "held_out": ("evaluation/held_out_bits_per_character", "evaluation.held_out_books.bits_per_character"),
    "share": (f"copying/share_at_{EXCESS_AT}", f"copying.share_at_{EXCESS_AT}"),
    "excess": (f"copying/{EXCESS}", f"copying.{EXCESS}"),
    "excess_low": (f"copying/{EXCESS}_low", f"copying.{EXCESS}_low"),
    "excess_high": (f"copying/{EXCESS}_high", f"copying.{EXCESS}_high"),
    "longest": ("copying/longest", "copying.longest"),
    # Runs that do not record their text are told apart by the length of the text that they were tested on.
    "tested_on": ("evaluation/characters", "evaluation.characters"),
}

# The parameters that have a column each. Others in which runs differ stand together in the last one.
MOST_COLUMNS = 6

# The sections of params.yaml whose parameters are shown. What else a run may record, such as the place of a private
# folder, is nobody's business here.
SHOWN_SECTIONS = ("model", "tokenize", "train")
SPLIT = "split"

# Groups of runs that were trained on other text. What does not fit is counted.
MOST_GROUPS = 4


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: its head, what it means, the kind of its values (a class in start.css), and the name by
    which a cell knows its column on a narrow screen."""

    head: str
    note: str
    meaning: str
    kind: str = "number"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a cell shows, and the value that it is sorted by; a cell without a value is sorted last."""

    text: str
    order: float | str | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A run: its name, its model, whether the report of the collection shows the model, and its cells."""

    name: str
    model: str
    reported: bool
    cells: list[Cell]


@dataclass(frozen=True, kw_only=True)
class RunGroup:
    """Runs with the same text and the same split. `differs` says in what others differ from the first group."""

    columns: list[Column]
    rows: list[Row]
    differs: str = ""


@dataclass(frozen=True, kw_only=True)
class ComparedRuns:
    """The runs of a collection: the comparable ones first, then groups of others.

    `evaluated` counts all runs that can be compared, `left_out` those without a row.
    """

    groups: list[RunGroup]
    evaluated: int
    left_out: int


def compare_runs(runs: Sequence[FinishedRun], reported: str, most_rows: int) -> ComparedRuns:
    """The evaluated ones of `runs` in groups, the best first; `reported` is the sha256 of the model of the report.

    At most `most_rows` runs have a row, and the reported one in any case.
    """
    ranked = sorted((run for run in runs if figure(run, "bits") is not None), key=_bits)
    groups: dict[tuple[str, ...], list[FinishedRun]] = {}
    for run in ranked:
        groups.setdefault(text_of(run), []).append(run)
    # First the group of the reported run, else the largest.
    order = sorted(groups, key=lambda key: (not _has(groups[key], reported), -len(groups[key])))
    shown, left = [], most_rows
    for key in order[: MOST_GROUPS + 1]:
        rows = [run for rank, run in enumerate(groups[key]) if rank < left or run.model_sha256 == reported]
        if rows:
            differs = "" if key == order[0] else difference(key, order[0])
            shown.append(make_group(rows, reported, differs))
            left = max(0, left - len(rows))
    left_out = len(ranked) - sum(len(group.rows) for group in shown)
    return ComparedRuns(groups=shown, evaluated=len(ranked), left_out=left_out)


def figure(run: FinishedRun, name: str) -> float | None:
    """The figure `name` of FIGURES; None if MLflow does not hold it."""
    return next((run.metrics[key] for key in FIGURES[name] if key in run.metrics), None)


def text_of(run: FinishedRun) -> tuple[str, ...]:
    """What a run was trained and tested on: its text, and its split. Runs are comparable if this is equal."""
    tested_on = figure(run, "tested_on")
    text = run.text or (f"tested on {tested_on:,.0f} characters" if tested_on else "not recorded")
    split = (f"{key}={run.params[key]}" for key in sorted(run.params) if key.startswith(f"{SPLIT}."))
    return (f"books={text}", *split)


def difference(key: tuple[str, ...], first: tuple[str, ...]) -> str:
    """In words, in what the text and split `key` differ from `first`.

    >>> difference(("books=2 books", "split.validation=0.2"), ("books=3 books", "split.validation=0.2"))
    'books: 2 books instead of 3 books'
    """
    ours, theirs = (dict(each.split("=", 1) for each in one) for one in (key, first))
    names = {"books": "books"} | {name: PARAMETERS.get(name, Words(name, "")).head for name in (*ours, *theirs)}
    names["books"] = "books"
    return "; ".join(
        f"{names[name]}: {ours.get(name, 'not recorded')} instead of {theirs.get(name, 'not recorded')}"
        for name in dict.fromkeys((*ours, *theirs))
        if ours.get(name) != theirs.get(name)
    )


def make_group(runs: Sequence[FinishedRun], reported: str, differs: str) -> RunGroup:
    """The table of comparable `runs`."""
    figures = [(column, cells) for column, cells in _figures(runs) if any(cell.order is not None for cell in cells)]
    differing = differing_parameters(runs)
    own = sorted(_most_telling(runs, differing))
    columns = figures + [(_parameter_column(key), [_parameter(run, key) for run in runs]) for key in own]
    if others := [key for key in differing if key not in own]:
        columns.append((OTHERS, [_other_parameters(run, others) for run in runs]))
    columns.append((DAY, [Cell(text=run.day or "–", order=run.day or None) for run in runs]))
    rows = [
        Row(
            name=run.name,
            model=run.model_sha256[:8],
            reported=run.model_sha256 == reported,
            cells=[cells[number] for _, cells in columns],
        )
        for number, run in enumerate(runs)
    ]
    return RunGroup(columns=[column for column, _ in columns], rows=rows, differs=differs)


def differing_parameters(runs: Sequence[FinishedRun]) -> list[str]:
    """The keys of the parameters in which `runs` differ. Equal ones explain no difference between runs."""
    keys = sorted({key for run in runs for key in run.params if key.split(".")[0] in SHOWN_SECTIONS})
    return [key for key in keys if len({_value(run, key) for run in runs}) > 1]


def _most_telling(runs: Sequence[FinishedRun], keys: Sequence[str]) -> list[str]:
    """Those of `keys` that get a column of their own: the ones with the most different values."""
    return sorted(keys, key=lambda key: (-len({_value(run, key) for run in runs}), key))[:MOST_COLUMNS]


def _value(run: FinishedRun, key: str) -> str | None:
    """The parameter `key` of a run. MLflow stores it as text, and in older runs what is not set as "None"."""
    value = run.params.get(key)
    return None if value == "None" else value


def _bits(run: FinishedRun) -> float:
    return figure(run, "bits") or 0.0


def _has(runs: Sequence[FinishedRun], model: str) -> bool:
    return any(run.model_sha256 == model for run in runs)


BITS = Column(
    head="bits per character", note="fewer is better", meaning="bits that the model needs for each character of text "
    "from the same books that it never saw; comparable for all sizes of models and all kinds of tokens",
)  # fmt: skip
HELD_OUT = Column(
    head="on held-out books", note="fewer is better", meaning="the same for whole books that the model never saw"
)
SHARE = Column(
    head="copied",
    note=f"{EXCESS_AT}+ characters",
    meaning=f"share of what it wrote that stands in the books word for word, in pieces of at least {EXCESS_AT} "
    "characters, in its latest samples",
)
ABOVE = Column(
    head="more than people",
    note="in points",
    meaning="what it copies less what people repeat, in points of a hundred; in small, the range that holds the true "
    "difference with 95 % certainty. A range that contains 0: no more than people",
)
LONGEST = Column(head="longest copy", note="characters", meaning="the longest piece that stands in a book word for word")
OTHERS = Column(head="also different", note="", meaning="more parameters in which the runs differ", kind="words")
DAY = Column(head="day", note="", meaning="the day on which MLflow began to record the run", kind="day")


def _figures(runs: Sequence[FinishedRun]) -> list[tuple[Column, list[Cell]]]:
    """The columns of figures with their cells."""
    return [
        (BITS, [number(figure(run, "bits"), "{:.3f}") for run in runs]),
        (HELD_OUT, [number(figure(run, "held_out"), "{:.3f}") for run in runs]),
        (SHARE, [number(figure(run, "share"), "{:.1%}") for run in runs]),
        (ABOVE, [_above(run) for run in runs]),
        (LONGEST, [number(figure(run, "longest"), "{:.0f}") for run in runs]),
    ]


def number(value: float | None, pattern: str) -> Cell:
    """The cell of a figure; a dash where there is none."""
    return Cell(text="–" if value is None else pattern.format(value), order=value)


def above_people(excess: float | None, interval: tuple[float, float] | None) -> Cell:
    """The cell of an excess, with its interval in small."""
    if excess is None:
        return Cell(text="–", order=None)
    note = "" if interval is None else f"{_points(interval[0])} to {_points(interval[1])}"
    return Cell(text=_points(excess), order=excess, note=note)


def _above(run: FinishedRun) -> Cell:
    low, high = figure(run, "excess_low"), figure(run, "excess_high")
    return above_people(figure(run, "excess"), None if low is None or high is None else (low, high))


def _points(value: float) -> str:
    """A difference of shares in points: with a minus that is as wide as the plus, and no sign before a zero."""
    shown = f"{100 * value:+.1f}".replace("-", "−")
    return "0.0" if shown[1:] == "0.0" else shown


def _parameter_column(key: str) -> Column:
    words = PARAMETERS.get(key, Words(key, ""))
    return Column(head=words.head, note=key, meaning=words.meaning or f"the parameter {key}", kind="parameter")


def _parameter(run: FinishedRun, key: str) -> Cell:
    value = _value(run, key)
    if value is None:
        return Cell(text="–", order=None)
    return Cell(text={"True": "yes", "False": "no"}.get(value, value), order=_as_number(value))


def _as_number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _other_parameters(run: FinishedRun, keys: Sequence[str]) -> Cell:
    parts: Mapping[str, str] = {key: value for key in keys if (value := _value(run, key)) is not None}
    text = ", ".join(f"{PARAMETERS.get(key, Words(key, '')).head} {value}" for key, value in parts.items())
    return Cell(text=text or "–", order=text or None)
