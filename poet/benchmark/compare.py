"""Two machines beside each other: every figure that both have measured in the same setting, with the ratio."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poet.results.benchmark import Benchmark, Row, Shape, TrainingSpeed
from poet.terminal import printable

if TYPE_CHECKING:
    from rich.table import Table

# What the key of a setting says where the setting is that of a training, whatever precision that is.
AS_TRAINED = "as a training"


@dataclass(frozen=True, kw_only=True)
class ComparedRow:
    """One model in one setting on both machines.

    `seconds_a`, `seconds_b`: the median seconds of a training iteration. `ratio`: how many times as long the second
    machine takes; None where one of the two figures is noisy, and `noise` says why.
    """

    model: str
    shape: Shape
    setting_a: str
    setting_b: str
    seconds_a: float
    seconds_b: float
    ratio: float | None
    noise: tuple[str, ...]


def compare_benchmarks(name_a: str, a: Benchmark, name_b: str, b: Benchmark) -> list[ComparedRow]:
    """What both machines have measured in the same setting, in the order of the first; the names stand in `noise`.

    The setting that a training takes is compared with that of the other machine: on the CPU with that of its CPU, on a
    GPU of any kind with that of its GPU. All other rows compare only if device, precision and compiling are equal, and
    the number of threads where that is what varies.
    """
    others = dict(_measured(b))
    return [_compare(name_a, row, speed, name_b, *others[key]) for key, (row, speed) in _measured(a) if key in others]


def _compare(
    name_a: str, row: Row, speed: TrainingSpeed, name_b: str, other: Row, other_speed: TrainingSpeed
) -> ComparedRow:
    noise = [f"{name}: {reason}" for name, one in ((name_a, row), (name_b, other)) for reason in one.noise]
    seconds_a, seconds_b = speed.seconds_per_iteration, other_speed.seconds_per_iteration
    return ComparedRow(
        model=row.model,
        shape=row.shape,
        setting_a=_setting(row),
        setting_b=_setting(other),
        seconds_a=seconds_a,
        seconds_b=seconds_b,
        ratio=None if noise else seconds_b / seconds_a,
        noise=tuple(noise),
    )


def _measured(benchmark: Benchmark) -> Iterator[tuple[Hashable, tuple[Row, TrainingSpeed]]]:
    """The measured rows, each with what it has in common with the row of another machine that it compares with."""
    seen: Counter[Hashable] = Counter()
    for row in benchmark.rows:
        if row.training is None:
            continue
        common: tuple[Hashable, ...]
        if row.as_trained and not row.sweep:
            common = (AS_TRAINED, "cpu" if _kind(row) == "cpu" else "GPU")
        else:
            # Where threads vary, their number is the setting. Elsewhere it is that of the machine.
            common = (_kind(row), row.precision, row.compiled, row.threads if row.sweep == "threads" else None)
        key = (row.model, row.shape, row.sweep, *common)
        # The second of two equal GPUs compares with the second of the other machine.
        yield (*key, seen[key]), (row, row.training)
        seen[key] += 1


def _kind(row: Row) -> str:
    """The kind of a row's device: "cuda:1" is "cuda"."""
    return row.device.partition(":")[0]


def _setting(row: Row) -> str:
    """How a row was computed, for a person: device, precision, compiling, threads, and the batch where it varies."""
    parts = [
        row.device,
        row.precision,
        *(["compiled"] if row.compiled else []),
        *([f"{row.threads} thread{'' if row.threads == 1 else 's'}"] if _kind(row) == "cpu" else []),
        *([f"batch {row.shape.batch_size}"] if row.sweep == "batch" else []),
    ]
    return ", ".join(parts)


def comparison_table(name_a: str, name_b: str, rows: Sequence[ComparedRow]) -> "Table":
    """`rows` as a table for a terminal; a noisy one has no ratio."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("model")
    for name in (name_a, name_b):
        # Text, or rich would take brackets in a name for a style. Names come from files.
        table.add_column(Text(printable(f"{name}: setting")), overflow="fold")
        table.add_column("s/iteration", justify="right")
    table.add_column("ratio", justify="right")
    for row in rows:
        table.add_row(
            Text(printable(row.model)),
            Text(printable(row.setting_a)),
            f"{row.seconds_a:.4g}",
            Text(printable(row.setting_b)),
            f"{row.seconds_b:.4g}",
            "noisy" if row.ratio is None else f"{row.ratio:.2f}",
        )
    return table


def comparison_notes(name_a: str, name_b: str, rows: Sequence[ComparedRow]) -> list[str]:
    """What a reader needs below the table: what the ratio is, and why rows are noisy."""
    if not rows:
        return [f"{name_a} and {name_b} have measured nothing in the same setting, so nothing compares."]
    notes = [f"ratio: how many times as long {name_b} takes as {name_a}"]
    reasons = dict.fromkeys(reason for row in rows for reason in row.noise)
    return [*notes, *(f"noisy, so without a ratio: {reason}" for reason in reasons)]
