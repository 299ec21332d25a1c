"""How cost grows: with the sizes of a model and its batches, and with the corpus, as curves and as the power measured.

The rows are those of sweeps (docs/performance/growth.json): each varies one size, all else is equal.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from poet.report.machines import describe_setting, name_of, sizes
from poet.report.words import rounded, significant
from poet.results.benchmark import Benchmark, CorpusCost, Row, Shape, Sweep


@dataclass(frozen=True, kw_only=True)
class Point:
    """A measured cost `y` of the size `x`, with its 5th and 95th percentile; a noisy one is no part of a curve."""

    x: float
    y: float
    low: float
    high: float
    noisy: bool = False


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The points of one setting, by size. `power` is that of the size with which the cost grows; None of one point."""

    name: str
    points: list[Point]
    power: float | None


@dataclass(frozen=True, kw_only=True)
class Growth:
    """A plot: `key` is the name of its file, `sentence` says what was measured, `equal` what all points share."""

    key: str
    title: str
    x_label: str
    y_label: str
    curves: list[Curve]
    sentence: str
    equal: str = ""


@dataclass(frozen=True, kw_only=True)
class Size:
    """A size that a sweep varies: its title, how a sentence on it begins, its axis, and where a shape has it."""

    title: str
    twice: str
    axis: str
    of: Callable[[Shape], int]


SIZES: dict[Sweep, Size] = {
    "width": Size(title="Width", twice="Twice the width takes", axis="width (n_embd)", of=lambda shape: shape.n_embd),
    "layers": Size(title="Layers", twice="Twice the layers take", axis="layers", of=lambda shape: shape.n_layer),
    "context": Size(
        title="Context", twice="Twice the context takes", axis="context (tokens)", of=lambda shape: shape.sequence_len
    ),
    "batch": Size(
        title="Batch", twice="Twice the batch takes", axis="batch (sequences)", of=lambda shape: shape.batch_size
    ),
    "vocabulary": Size(
        title="Vocabulary",
        twice="Twice the vocabulary takes",
        axis="vocabulary (tokens)",
        of=lambda shape: shape.vocab_size,
    ),
}

# The plots of all figures that a corpus costs.
CORPUS = ("corpus_seconds", "corpus_memory")


def growths(measured: Mapping[str, Benchmark]) -> list[Growth]:
    """All plots for which `measured` has a figure."""
    found = [_sweep(measured, sweep, size) for sweep, size in SIZES.items()]
    return [growth for growth in (*found, *_corpora(measured)) if growth.curves]


def _sweep(measured: Mapping[str, Benchmark], sweep: Sweep, size: Size) -> Growth:
    """The plot of one sweep, with a curve for each setting of each machine."""
    groups: dict[str, list[Row]] = {}
    for who, benchmark in measured.items():
        for row in benchmark.rows:
            if row.sweep == sweep and row.training:
                groups.setdefault(f"{who}, {name_of(row)}, {describe_setting(row)}", []).append(row)
    curves = [
        _curve(
            name,
            [
                Point(
                    x=size.of(row.shape),
                    y=speed.seconds_per_iteration,
                    low=speed.seconds_p5,
                    high=speed.seconds_p95,
                    noisy=bool(row.noise),
                )
                for row in rows
                if (speed := row.training)
            ],
        )
        for name, rows in groups.items()
    ]
    return Growth(
        key=sweep,
        title=f"{size.title}: seconds per iteration",
        x_label=size.axis,
        y_label="seconds per iteration",
        curves=curves,
        sentence=_sentence(size.twice, "times as long", curves, _seconds),
        equal=_equal([row.shape for rows in groups.values() for row in rows], sweep),
    )


def _equal(shapes: Sequence[Shape], sweep: Sweep) -> str:
    """What all points of a sweep have in common, and what changes along with its size."""
    if not shapes:
        return ""
    values = {size: {sizes(shape)[size] for shape in shapes} for size in sizes(shapes[0])}
    common = [next(iter(found)) for found in values.values() if len(found) == 1]
    along = [size for size, found in values.items() if len(found) > 1 and size != sweep]
    words = f"All have {', '.join(common)}."
    if along:
        steps = {shape.tokens for shape in shapes}
        kept = f", so that a step has {steps.pop():,} tokens" if "batch" in along and len(steps) == 1 else ""
        words += f" The {SIZES[sweep].title.lower()} also changes the {' and the '.join(along)}{kept}."
    return words


def _corpora(measured: Mapping[str, Benchmark]) -> list[Growth]:
    """The plots of seconds and of memory by characters, with a curve for each stage."""
    groups: dict[str, list[CorpusCost]] = {}
    for who, benchmark in measured.items():
        for cost in benchmark.corpora:
            groups.setdefault(cost.stage if len(measured) == 1 else f"{cost.stage}, {who}", []).append(cost)

    def curves(of: Callable[[CorpusCost], float]) -> list[Curve]:
        return [
            _curve(name, [Point(x=cost.characters, y=of(cost), low=of(cost), high=of(cost)) for cost in costs])
            for name, costs in groups.items()
        ]

    seconds, memory = curves(lambda cost: cost.seconds), curves(lambda cost: cost.peak_memory_bytes / 1e6)
    labels = {"x_label": "characters of the corpus"}
    return [
        Growth(
            key=CORPUS[0],
            title="Corpus: seconds of a stage",
            y_label="seconds",
            curves=seconds,
            sentence=_sentence("Twice the corpus takes", "times as long", seconds, _seconds),
            **labels,
        ),
        Growth(
            key=CORPUS[1],
            title="Corpus: memory of a stage",
            y_label="peak memory (MB)",
            curves=memory,
            sentence=_sentence("Twice the corpus takes", "times as much memory", memory, _megabytes),
            **labels,
        ),
    ]


def _curve(name: str, points: Iterable[Point]) -> Curve:
    ordered = sorted(points, key=lambda point: point.x)
    return Curve(name=name, points=ordered, power=power([(point.x, point.y) for point in quiet(ordered)]))


def quiet(points: Iterable[Point]) -> list[Point]:
    """The points that are facts about the machine."""
    return [point for point in points if not point.noisy]


def power(points: Sequence[tuple[float, float]]) -> float | None:
    """The power p for which y = c x^p fits `points` best, as a line fits their logarithms; None for a single size.

    >>> round(power([(1, 3), (10, 300), (100, 30_000)]), 6), power([(1, 3)])
    (2.0, None)
    """
    logarithms = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len({x for x, _ in logarithms}) < 2:
        return None
    middle_x, middle_y = (sum(values) / len(logarithms) for values in zip(*logarithms, strict=True))
    above = sum((x - middle_x) * (y - middle_y) for x, y in logarithms)
    return float(above / sum((x - middle_x) ** 2 for x, _ in logarithms))


def _sentence(twice: str, times: str, curves: Sequence[Curve], unit: Callable[[float], str]) -> str:
    """What the curves say: what twice the size costs, by which power, and from where to where it was measured."""
    parts = []
    for curve in curves:
        points = quiet(curve.points)
        if curve.power is None:
            parts.append(f"nobody knows how much, of too few quiet points ({curve.name})")
            continue
        first, last = points[0], points[-1]
        parts.append(
            f"{2**curve.power:.2f} {times} (power {curve.power:.2f}, from {unit(first.y)} at {_size(first.x)} to "
            f"{unit(last.y)} at {_size(last.x)}; {curve.name})"
        )
    return f"{twice} {'; '.join(parts)}."


def _size(value: float) -> str:
    return rounded(int(value)) if value >= 10**6 else f"{int(value):,}"


def _seconds(value: float) -> str:
    return f"{significant(value)} s"


def _megabytes(value: float) -> str:
    return f"{significant(value)} MB"
