"""The runs of a collection as tables: which are comparable, in what they differ, and how well they did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from poet.report.parameter_words import PARAMETERS, Words
from poet.report.start_table import (
    BITS,
    HELD_OUT,
    LONGEST,
    MORE,
    SHARE,
    Cell,
    Column,
    Row,
    Table,
    more_than_authors,
    number,
    percent,
)
from poet.results.copying import EXCESS, EXCESS_AT
from poet.tracking.finished_runs import FinishedRun, differing, text_of, value_of

# The figures of a run by their names in MLflow.
FIGURES = {
    "bits": "evaluation/bits_per_character",
    "held_out": "evaluation/held_out_bits_per_character",
    "share": f"copying/share_at_{EXCESS_AT}",
    "excess": f"copying/{EXCESS}",
    "excess_low": f"copying/{EXCESS}_low",
    "excess_high": f"copying/{EXCESS}_high",
    "longest": "copying/longest",
}

# The parameters that have a column each. Others in which runs differ stand together in the last one.
MOST_COLUMNS = 6

# The sections of params.yaml whose parameters are shown. Others that a run may record could name a private folder.
SHOWN_SECTIONS = ("model", "tokenize", "train")

# Groups of runs that were trained on other text. What does not fit is counted.
MOST_GROUPS = 4


@dataclass(frozen=True, kw_only=True)
class RunGroup:
    """Runs with the same text and the same split. `differs` says in what they differ from the first group."""

    table: Table
    differs: str


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
            shown.append(RunGroup(table=make_table(rows, reported), differs=differs))
            left = max(0, left - len(rows))
    left_out = len(ranked) - sum(len(group.table.rows) for group in shown)
    return ComparedRuns(groups=shown, evaluated=len(ranked), left_out=left_out)


def figure(run: FinishedRun, name: str) -> float | None:
    """The figure `name` of FIGURES; None if MLflow does not hold it."""
    return run.metrics.get(FIGURES[name])


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


def make_table(runs: Sequence[FinishedRun], reported: str) -> Table:
    """The table of comparable `runs`."""
    figures = [(column, cells) for column, cells in _figures(runs) if any(cell.order is not None for cell in cells)]
    shown = [key for key in differing(runs) if key.split(".")[0] in SHOWN_SECTIONS]
    own = sorted(_most_telling(runs, shown))
    columns = figures + [(_parameter_column(key), [_parameter(run, key) for run in runs]) for key in own]
    if others := [key for key in shown if key not in own]:
        columns.append((OTHERS, [_other_parameters(run, others) for run in runs]))
    columns.append((DAY, [Cell(text=run.day or "–", order=run.day or None) for run in runs]))
    rows = [
        Row(
            name=run.name,
            note=f"model {run.model_sha256[:8]}",
            marked=run.model_sha256 == reported,
            cells=[cells[position] for _, cells in columns],
        )
        for position, run in enumerate(runs)
    ]
    return Table(columns=[column for column, _ in columns], rows=rows)


def _most_telling(runs: Sequence[FinishedRun], keys: Sequence[str]) -> list[str]:
    """Those of `keys` that get a column of their own: the ones with the most different values."""
    return sorted(keys, key=lambda key: (-len({value_of(run, key) for run in runs}), key))[:MOST_COLUMNS]


def _bits(run: FinishedRun) -> float:
    return figure(run, "bits") or 0.0


def _has(runs: Sequence[FinishedRun], model: str) -> bool:
    return any(run.model_sha256 == model for run in runs)


OTHERS = Column(head="also different", meaning="more parameters in which the runs differ", kind="words")
DAY = Column(head="day", meaning="the day on which MLflow began to record the run (UTC)", kind="day")


def _figures(runs: Sequence[FinishedRun]) -> list[tuple[Column, list[Cell]]]:
    """The columns of figures with their cells."""
    return [
        (BITS, [number(figure(run, "bits"), "{:.3f}") for run in runs]),
        (HELD_OUT, [number(figure(run, "held_out"), "{:.3f}") for run in runs]),
        (SHARE, [percent(figure(run, "share")) for run in runs]),
        (MORE, [_more(run) for run in runs]),
        (LONGEST, [number(figure(run, "longest"), "{:.0f}") for run in runs]),
    ]


def _more(run: FinishedRun) -> Cell:
    low, high = figure(run, "excess_low"), figure(run, "excess_high")
    return more_than_authors(figure(run, "excess"), None if low is None or high is None else (low, high))


def _parameter_column(key: str) -> Column:
    words = PARAMETERS.get(key, Words(key, "a parameter"))
    return Column(
        head=words.head,
        note="" if key.endswith(f".{words.head}") else key.rpartition(".")[2],
        meaning=f"{words.meaning} ({key} in params.yaml)",
        kind="parameter",
    )


def _parameter(run: FinishedRun, key: str) -> Cell:
    value = value_of(run, key)
    if value is None:
        return Cell(text="–", order=None)
    return Cell(text={"True": "yes", "False": "no"}.get(value, value), order=_as_number(value))


def _as_number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _other_parameters(run: FinishedRun, keys: Sequence[str]) -> Cell:
    parts: Mapping[str, str] = {key: value for key in keys if (value := value_of(run, key)) is not None}
    text = ", ".join(f"{PARAMETERS.get(key, Words(key, '')).head} {value}" for key, value in parts.items())
    return Cell(text=text or "–", order=text or None)
