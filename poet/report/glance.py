"""What the first screen of a page draws: how much is copied, and a ruler of bits per character."""

from collections.abc import Sequence
from dataclasses import dataclass

from poet.report.verdict import NAMES
from poet.report.words import LEAST_SCALE
from poet.results.copying import EXCESS_AT, CopyingMetrics
from poet.results.evaluation import Evaluation

# Room at the ends of the ruler, as a share of the distance between its outer marks.
MARGIN = 0.06

# The width of a label on a phone, in per cent of the ruler. Two labels that are closer stand below each other.
LABEL = 25


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Shares of copied text as widths of bars, in per cent of the longest; `interval` is that of the model's bar."""

    model: float
    human: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A mark on the ruler, `at` per cent of its length. `kind` is "model", "compressor" or "run"; runs have no label.

    The label stands above the ruler in row 0, and below it in the rows 1 and 2.
    """

    value: float
    at: float
    kind: str
    label: str = ""
    row: int = 0
    anchor: str = "middle"


def compare(samples: CopyingMetrics, human: CopyingMetrics | None) -> Bars:
    """The bars of the copied shares of the `samples` and of `human` text (None: there is none).

    The interval of the difference is drawn around the model's bar: from what people copy, plus the ends of it.
    """
    model, people = samples.share_at[EXCESS_AT], human.share_at[EXCESS_AT] if human else 0.0
    ends = [people + end for end in samples.excess_interval or ()]
    longest = max(model, people, *ends, LEAST_SCALE)
    low, *high = [round(100 * max(0.0, end) / longest, 2) for end in ends] or [0.0]
    return Bars(
        model=round(100 * model / longest, 2),
        human=round(100 * people / longest, 2),
        interval=(low, high[0]) if high else None,
    )


def ruler(evaluation: Evaluation, other_runs: Sequence[float]) -> list[Mark]:
    """This model, the compressors, and other runs of the collection on one scale of bits per character."""
    ours = evaluation.bits_per_character
    values = [ours, *evaluation.compressors.values(), *other_runs]
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    low, spread = low - MARGIN * spread, spread * (1 + 2 * MARGIN)

    def place(value: float) -> float:
        return round(100 * (value - low) / spread, 2)

    marks = [Mark(value=bits, at=place(bits), kind="run") for bits in other_runs]
    taken = -100.0
    for name, bits in sorted(evaluation.compressors.items(), key=lambda item: item[1]):
        at = place(bits)
        label, row = f"{NAMES.get(name, name)} {bits:.2f}", 2 if at - taken < LABEL else 1
        marks.append(Mark(value=bits, at=at, kind="compressor", label=label, row=row, anchor=_anchor(at)))
        # A label that stands lower leaves its neighbours alone.
        taken = at if row == 1 else taken
    at, label = place(ours), f"this model {ours:.2f}"
    return [*marks, Mark(value=ours, at=at, kind="model", label=label, anchor=_anchor(at))]


def _anchor(at: float) -> str:
    """Where a label has its mark, so that no label leaves the ruler."""
    return "start" if at < LABEL else "end" if at > 100 - LABEL else "middle"
