"""The start page: all collections with a report side by side, and the runs of each collection that MLflow holds."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from poet.report.render import render_page
from poet.report.summary import COMPARED_AT, Summary
from poet.results.copying import EXCESS, EXCESS_AT, read_interval
from poet.tracking.figures import BITS
from poet.tracking.finished_runs import FinishedRun

# The largest number of runs of a collection on the page. The run of the reported model is shown in any case.
MAX_RUNS = 20


@dataclass(frozen=True, kw_only=True)
class ComparedRun:
    """A run beside others of its collection.

    `params` are those (key, value) pairs in which the runs differ. `share` is the share of the samples' characters
    inside verbatim matches of at least EXCESS_AT characters. Figures that MLflow does not hold are None.
    """

    name: str
    model: str  # the first digits of the sha256 of its weights
    reported: bool  # whether the report of the collection shows this model
    params: list[tuple[str, str]]
    bits_per_character: float
    held_out_bits_per_character: float | None
    share: float | None
    excess: float | None
    excess_interval: tuple[float, float] | None
    longest: float | None


def start_page(
    summaries: Sequence[Summary], runs: Mapping[str, Sequence[FinishedRun]], build: Collection[str] | None = None
) -> str:
    """The HTML of the page that compares the collections of `summaries`; `runs` are those of each, by its name.

    Only collections in `build` have a link to their report; None means all. DVC removes the report of a collection that
    has left `build`, or never fetches it, while git keeps its summary.
    """
    # All bars of a kind have the same scale, so that collections compare. Longer matches are rarer, so the largest of
    # all shares is one at the least length.
    bits, shares, least = [], [], min(COMPARED_AT)
    for one in summaries:
        bits += [one.bits_per_character, one.held_out_bits_per_character, one.best_compressor]
        shares += [one.share_at[least], one.human_share_at[least]]
    return render_page(
        "start.html",
        summaries=summaries,
        runs={
            summary.collection: compared_runs(runs.get(summary.collection, ()), summary.model_sha256)
            for summary in summaries
        },
        linked={summary.collection for summary in summaries if build is None or summary.collection in build},
        lengths=COMPARED_AT,
        excess_at=EXCESS_AT,
        most_bits=_largest(bits),
        most_share=_largest(shares),
    )


def compared_runs(runs: Sequence[FinishedRun], reported: str) -> list[ComparedRun]:
    """The best of `runs`, the best first, and the run of the model with the sha256 `reported`.

    Runs that were not evaluated are left out. A single run has nothing to compare with, so it gives an empty list.
    """
    # The score of a run comes from the stage evaluate; a run that never reached that stage has none.
    ranked = sorted((run for run in runs if BITS in run.metrics), key=lambda run: run.metrics[BITS])
    best = [run for rank, run in enumerate(ranked) if rank < MAX_RUNS or run.model_sha256 == reported]
    if len(best) < 2:
        return []
    # Parameters that are equal in all runs explain no difference between them.
    keys = sorted({key for run in best for key in run.params})
    differing = [key for key in keys if len({run.params.get(key) for run in best}) > 1]
    return [
        ComparedRun(
            name=run.name,
            model=run.model_sha256[:8],
            reported=run.model_sha256 == reported,
            # MLflow stores parameters as text. A parameter of None is one that the run does not have.
            params=[(key, value) for key in differing if (value := run.params.get(key, "None")) != "None"],
            bits_per_character=run.metrics[BITS],
            held_out_bits_per_character=run.metrics.get("evaluation/held_out_bits_per_character"),
            share=run.metrics.get(f"copying/share_at_{EXCESS_AT}"),
            excess=run.metrics.get(f"copying/{EXCESS}"),
            excess_interval=read_interval(run.metrics, "copying/"),
            longest=run.metrics.get("copying/longest"),
        )
        for run in best
    ]


def _largest(values: Iterable[float | None]) -> float:
    """The largest of `values`; 1 if all are None or 0, because bars are fractions of it."""
    return max((value for value in values if value), default=1)
