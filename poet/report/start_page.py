"""The start page: each collection as a card that speaks, and the runs of each collection that MLflow holds."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from poet.report.machines import NOISY
from poet.report.published import MARK
from poet.report.render import render_page
from poet.report.runs import ComparedRuns, compare_runs
from poet.report.start_machines import shown_models
from poet.report.start_table import (
    BITS,
    HELD_OUT,
    LONGEST,
    MORE,
    SHARE,
    Column,
    Row,
    Table,
    more_than_authors,
    number,
    percent,
)
from poet.report.summary import COMPARED_AT, Summary
from poet.report.verdict import NAMES, quality, repeats
from poet.report.words import LEAST_SCALE, points, rounded, share
from poet.results.benchmark import Benchmark
from poet.results.copying import EXCESS_AT
from poet.tracking.finished_runs import FinishedRun

# Rows of runs on the whole page, which keep it under 2 MB; each collection gets an equal part.
MOST_ROWS = 600


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar: its name, its value in words, its width in per cent of the widest, and its class in start.css.

    `whisker` are the ends of an interval on the same scale.
    """

    name: str
    value: str
    width: float
    kind: str
    whisker: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Card:
    """What the card of a collection shows besides its summary.

    `day` is that of the run of the reported model, "" where MLflow does not hold it. Only a `linked` collection has a
    report. `difference` says what the model copies beyond the authors, "" where that was not measured.
    """

    summary: Summary
    linked: bool
    day: str
    what: str
    verdict: str
    bits: list[Bar]
    copied: list[Bar]
    difference: str


def start_page(
    summaries: Sequence[Summary],
    runs: Mapping[str, Sequence[FinishedRun]],
    build: Collection[str] | None = None,
    machines: Mapping[str, Benchmark] | None = None,
) -> str:
    """The HTML of the page with the collections of `summaries`, and the speed of all `machines`, by name.

    `runs` are those of each collection, by its name.

    Only collections in `build` have a link to their report; None means all. DVC removes the report of a collection that
    has left `build`, or never fetches it, while git keeps its summary.
    """
    linked = {one.collection for one in summaries if build is None or one.collection in build}
    most_rows = MOST_ROWS // max(1, len(summaries))
    compared = {
        one.collection: compare_runs(runs.get(one.collection, ()), one.model_sha256, most_rows) for one in summaries
    }
    return render_page(
        "start.html",
        styles=("start.css",),
        scripts=("start.js",),
        cards=make_cards(summaries, runs, linked),
        collections=collections_table(summaries, linked),
        runs=[(one, compared[one.collection]) for one in summaries if compared[one.collection].evaluated > 1],
        single=[one.title for one in summaries if compared[one.collection].evaluated == 1],
        without=[one.title for one in summaries if not compared[one.collection].evaluated],
        models=shown_models(machines or {}),
        published_mark=MARK,
        noisy_means=NOISY,
        meanings=meanings,
        sorted_by=BITS.head,
        excess_at=EXCESS_AT,
    )


def make_cards(
    summaries: Sequence[Summary], runs: Mapping[str, Sequence[FinishedRun]], linked: Collection[str]
) -> list[Card]:
    """The cards of all collections. Bars of a kind have the same scale on all of them, so that collections compare."""
    most_bits = _largest(bits for one in summaries for bits in (one.bits_per_character, *_compressors(one).values()))
    # Of nearly nothing, no bar should look like much.
    most_share = max(_largest(value for one in summaries for value in _shares(one)), LEAST_SCALE)
    return [
        Card(
            summary=one,
            linked=one.collection in linked,
            day=next((run.day for run in runs.get(one.collection, ()) if run.model_sha256 == one.model_sha256), ""),
            what=describe(one),
            verdict=f"{quality(one.bits_per_character, one.compressors)} {repeats(one.excess, one.excess_interval)}.",
            bits=_bits_bars(one, most_bits),
            copied=_copied_bars(one, most_share),
            difference=_difference(one),
        )
        for one in summaries
    ]


def describe(one: Summary) -> str:
    """What the model of a collection is, in a sentence."""
    books = "one book" if one.books == 1 else f"a shelf of {one.books:,} books"
    # Held-out books and the ends of the others are on the shelf too, and test the model.
    read = (
        f"the training part {one.epochs:.1f} times" if one.epochs >= 1 else f"{share(one.epochs)} of the training part"
    )
    return (
        f"A language model of {rounded(one.parameters)} parameters, made for {books} "
        f"({rounded(one.characters)} characters). It read {read}."
    )


def collections_table(summaries: Sequence[Summary], linked: Collection[str]) -> Table:
    """All collections in one table."""
    longer = [length for length in COMPARED_AT if length != EXCESS_AT]
    columns = [
        Column(head="size", note="parameters", meaning="numbers that the model learned"),
        Column(head="times read", meaning="how often the training read all of the books"),
        BITS,
        HELD_OUT,
        Column(
            head="best compressor", note="bits per character", meaning="what the best compressor that was tried needs"
        ),
        *(
            Column(head=f"copied at {length}", note=f"{length}+ characters", meaning="as the next, in shorter pieces")
            for length in longer
        ),
        SHARE,
        Column(
            head="authors", note=f"{EXCESS_AT}+ characters", meaning="the same share of pages that the model never saw"
        ),
        MORE,
        LONGEST,
    ]
    rows = [
        Row(
            name=one.title,
            link=f"{one.collection}/index.html" if one.collection in linked else "",
            cells=[
                number(one.parameters, "{:,}"),
                number(one.epochs, "{:.1f}"),
                number(one.bits_per_character, "{:.3f}"),
                number(one.held_out_bits_per_character, "{:.3f}"),
                number(one.best_compressor, "{:.3f}"),
                *(percent(one.share_at[length]) for length in longer),
                percent(one.share_at[EXCESS_AT]),
                percent(one.human_share_at[EXCESS_AT]),
                more_than_authors(one.excess, one.excess_interval),
                number(one.longest, "{:.0f}"),
            ],
        )
        for one in summaries
    ]
    return Table(columns=columns, rows=rows)


def meanings(compared: ComparedRuns) -> list[Column]:
    """The columns of all tables of a collection, each once."""
    return list({column.head: column for group in compared.groups for column in group.table.columns}.values())


def _bits_bars(one: Summary, most: float) -> list[Bar]:
    """A bar for the model and for each compressor, the best first."""
    each = [("this model", one.bits_per_character, "model")]
    each += [(NAMES.get(name, name), bits, "other") for name, bits in _compressors(one).items()]
    return [
        Bar(name=name, value=f"{bits:.2f}", width=round(100 * bits / most, 2), kind=kind)
        for name, bits, kind in sorted(each, key=lambda item: item[1])
    ]


def _copied_bars(one: Summary, most: float) -> list[Bar]:
    """A bar for the model, with the interval of its difference to the authors, and one for the authors."""
    human, whisker = one.human_share_at[EXCESS_AT], None
    if human is not None and one.excess_interval is not None:
        low, high = (round(100 * max(0.0, human + end) / most, 2) for end in one.excess_interval)
        whisker = (low, high)
    own = one.share_at[EXCESS_AT]
    bars = [Bar(name="model", value=share(own), width=round(100 * own / most, 2), kind="model", whisker=whisker)]
    if human is not None:
        bars.append(Bar(name="authors", value=share(human), width=round(100 * human / most, 2), kind="other"))
    return bars


def _difference(one: Summary) -> str:
    if one.excess is None:
        return ""
    if one.excess_interval is None:
        return f"difference {points(one.excess)} points, too few texts for an interval"
    low, high = one.excess_interval
    return f"difference {points(one.excess)} points, with 95 % certainty between {points(low)} and {points(high)}"


def _compressors(one: Summary) -> Mapping[str, float]:
    """The compressors of a collection. Summaries of older versions name only the figure of the best."""
    if one.compressors or one.best_compressor is None:
        return one.compressors
    return {"compressor": one.best_compressor}


def _shares(one: Summary) -> list[float | None]:
    """All ends of the bars and intervals of copied text."""
    human = one.human_share_at[EXCESS_AT]
    ends = [human + end for end in one.excess_interval or ()] if human is not None else []
    return [one.share_at[EXCESS_AT], human, *ends]


def _largest(values: Iterable[float | None]) -> float:
    """The largest of `values`; 1 if all are None or 0, because bars are fractions of it."""
    return max((value for value in values if value and value > 0), default=1)
