"""All further figures of a machine: every setting, generation, sweeps over threads and batches, and itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from poet.report.machines import (
    Missing,
    ModelTable,
    count,
    day_of,
    describe_setting,
    missing_of,
    model_tables,
    name_of,
    unmeasured,
)
from poet.report.words import factor, memory, share, significant, whole
from poet.results.benchmark import Benchmark, Row, Sweep, measured, newest

# A table with more rows than this is folded.
LONG = 8

# The sweeps of a benchmark; those of growth have a page of their own.
SWEEPS: tuple[Sweep, ...] = ("threads", "batch")

# What the reason of a row holds that wanted more memory than there is.
NO_ROOM = "memory"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A table of cells in words. Columns whose names are in `numbers` hold numbers; the first column names the row."""

    title: str
    note: str
    columns: tuple[str, ...]
    numbers: frozenset[str]
    rows: Sequence[tuple[str, ...]]

    @property
    def is_long(self) -> bool:
        """Whether a page folds the table."""
        return len(self.rows) > LONG


@dataclass(frozen=True, kw_only=True)
class MachinePage:
    """A machine in detail: its name, itself in a sentence, its tables, and whether some of its rows are noisy."""

    who: str
    sentence: str
    tables: list[Figures]
    noisy: bool


def machine_pages(own: Mapping[str, Benchmark]) -> list[MachinePage]:
    """The machines of `own` in detail."""
    return [
        MachinePage(
            who=who,
            sentence=describe_machine(benchmark),
            tables=[
                table
                for table in (
                    _training(benchmark.rows),
                    _generation(benchmark.rows),
                    *_sweeps(benchmark.rows),
                    _rates(benchmark),
                )
                if table.rows
            ],
            noisy=any(row.noise for row in benchmark.rows),
        )
        for who, benchmark in own.items()
    ]


def describe_machine(benchmark: Benchmark) -> str:
    """What a machine is, and when it was measured, in a sentence."""
    machine = benchmark.machine
    devices = [
        " ".join(
            part
            for part in (
                f"{device.name} ({device.device})" if device.name else device.device,
                f"with {memory(device.memory_bytes)}" if device.memory_bytes else "",
                f"and driver {device.driver}" if device.driver else "",
            )
            if part
        )
        for device in machine.devices
        if device.device != "cpu"
    ]
    parts = [
        machine.processor,
        count(machine.cores, "core"),
        count(machine.threads, "thread"),
        *([f"{memory(machine.memory_bytes)} memory"] if machine.memory_bytes else []),
        *devices,
        machine.system,
        *([machine.power] if machine.power else []),
        f"Python {machine.python}",
        f"torch {machine.torch}",
        *([f"this project at {machine.commit}"] if machine.commit else []),
    ]
    return f"{', '.join(parts)}; measured on {day_of(benchmark)} within {benchmark.minutes:.1f} minutes"


def _table(
    title: str, note: str, words: Sequence[str], numbers: Sequence[str], rows: Sequence[tuple[str, ...]]
) -> Figures:
    """A table with the columns `words`, then `numbers`, then remarks."""
    columns = (*words, *numbers, *(["remark"] if rows and len(rows[0]) > len(words) + len(numbers) else []))
    return Figures(title=title, note=note, columns=columns, numbers=frozenset(numbers), rows=rows)


def _remark(row: Row) -> str:
    return f"noisy: {'; '.join(row.noise)}" if row.noise else ""


def _training(rows: Sequence[Row]) -> Figures:
    """Every model in every setting, as far as it was measured."""
    cells = [
        (
            row.model,
            name_of(row),
            f"{describe_setting(row)}{', as in a training' if row.as_trained else ''}",
            significant(speed.seconds_per_iteration),
            f"{significant(speed.seconds_p5)} to {significant(speed.seconds_p95)}",
            whole(speed.tokens_per_second),
            share(speed.utilization),
            significant(speed.first_step_seconds),
            memory(speed.peak_memory_bytes),
            _remark(row),
        )
        for row in rows
        if not row.sweep and (speed := row.training)
    ]
    return _table(
        "Training in every setting",
        "Medians, and the 5th to the 95th percentile. Utilization is the share of what the device reaches in a large "
        "matrix product of the same precision; the time to the first step includes compiling.",
        ("model", "device", "setting"),
        ("seconds per iteration", "5 to 95 %", "tokens/s", "utilization", "seconds to the first step", "peak memory"),
        cells,
    )


def _generation(rows: Sequence[Row]) -> Figures:
    cells = [
        (
            row.model,
            name_of(row),
            describe_setting(row),
            whole(speed.tokens_per_second),
            whole(speed.tokens_per_second_16),
            significant(speed.first_token_seconds),
            share(speed.relative_spread),
            "; ".join(filter(None, [_remark(row), *speed.noise])),
        )
        for row in rows
        if not row.sweep and (speed := row.generation)
    ]
    return _table(
        "Generation",
        "Tokens per second of one text and of 16 texts together, the seconds until the first token of one, and the "
        "distance between the 5th and the 95th percentile as a share of the median.",
        ("model", "device", "setting"),
        ("tokens/s", "tokens/s of 16 texts", "seconds to the first token", "spread"),
        cells,
    )


def _sweeps(rows: Sequence[Row]) -> list[Figures]:
    """The tables of sweeps over threads and batches, one for each model on each device that has a figure."""
    found = [(group, sweep) for sweep in SWEEPS for group in _groups(rows, sweep)]
    return [_sweep(group, sweep) for group, sweep in found if any(row.training for row in group)]


def _groups(rows: Sequence[Row], sweep: Sweep) -> list[list[Row]]:
    """The rows of a sweep, those of each setting together."""
    groups: dict[tuple[str, str, str, bool], list[Row]] = {}
    for row in rows:
        if row.sweep == sweep:
            groups.setdefault(_setting(row), []).append(row)
    # The row of the model itself is a point of its sweep, and is not measured twice.
    for row in rows:
        group = groups.get(_setting(row), [])
        if not row.sweep and group and _point(row, sweep) not in {_point(one, sweep) for one in group}:
            group.append(row)
    return list(groups.values())


def _setting(row: Row) -> tuple[str, str, str, bool]:
    return row.model, row.device, row.precision, row.compiled


def _point(row: Row, sweep: Sweep) -> int:
    """The quantity that a sweep varies."""
    return row.threads if sweep == "threads" else row.shape.batch_size


def _sweep(rows: Sequence[Row], sweep: Sweep) -> Figures:
    """The table of one sweep. The fastest of the quiet rows is marked, and of batches the largest that fits."""
    rows = sorted(rows, key=lambda row: _point(row, sweep))
    speeds = {row: row.training.tokens_per_second for row in measured(rows) if row.training}
    best = max(speeds, key=speeds.__getitem__, default=None)
    # Of what was not measured for want of time, nobody knows whether it fits.
    refused = [row for row in rows if row.training is None and NO_ROOM in row.reason]
    fits = [row for row in rows if row.training and refused and _point(row, sweep) < _point(refused[0], sweep)]
    cells = []
    for row in rows:
        speed = row.training
        marks = [
            "the fastest" if row == best else "",
            "the largest that fits" if sweep == "batch" and row in fits[-1:] else "",
            _remark(row),
            "" if speed else row.reason,
        ]
        cells.append((
            str(_point(row, sweep)),
            significant(speed.seconds_per_iteration if speed else None),
            whole(speed.tokens_per_second if speed else None),
            factor(speeds[best] / speeds[row] if best and row in speeds else None),
            memory(speed.peak_memory_bytes if speed else None),
            "; ".join(filter(None, marks)),
        ))
    first = rows[0]
    what = "Threads" if sweep == "threads" else "Batch sizes"
    numbers = ("seconds per iteration", "tokens/s", "factor per token", "peak memory")
    setting = ", ".join([first.precision, *(["compiled"] if first.compiled else [])])
    title = f"{what} of the model {first.model} on {name_of(first)}, {setting}"
    return _table(title, "", ("threads" if sweep == "threads" else "batch size",), numbers, cells)


def _rates(benchmark: Benchmark) -> Figures:
    cells = [
        (rate.device, rate.precision, str(rate.threads), significant(rate.flops_per_second / 1e9))
        for rate in benchmark.rates
    ]
    return _table(
        "A large matrix product",
        "What each device reaches at best: 100 % of utilization.",
        ("device", "precision"),
        ("threads", "GFLOP/s"),
        cells,
    )


@dataclass(frozen=True, kw_only=True)
class Speeds:
    """The chapter on speed: all `machines` side by side, what is `missing`, and the machine of this build in detail."""

    machines: list[str]
    tables: list[ModelTable]
    missing: list[Missing]
    noisy: bool
    pages: list[MachinePage]


def speeds(own: Mapping[str, Benchmark], saved: Mapping[str, Benchmark]) -> Speeds:
    """The figures of `own`, the machine of this build, and of all `saved` machines."""
    machines = newest(own, saved)
    tables = model_tables(machines)
    return Speeds(
        machines=list(machines),
        tables=tables,
        missing=[
            *unmeasured(tables),
            *(missing_of(who, row) for who in own for row in _untold(machines[who].rows)),
        ],
        noisy=any(place.noisy for table in tables for place in table.places),
        pages=machine_pages({who: machines[who] for who in own}),
    )


def _untold(rows: Sequence[Row]) -> list[Row]:
    """The rows that were not measured and are in no table: a sweep with any figure names the points that it lacks."""
    told = [group for sweep in SWEEPS for group in _groups(rows, sweep) if any(row.training for row in group)]
    return [
        row
        for row in rows
        if row.training is None and (not row.as_trained or row.sweep) and not any(row in group for group in told)
    ]
