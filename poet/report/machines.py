"""All machines side by side: for each reference model, how long an iteration of its training takes on each device."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from poet.report.published import PUBLISHED, PublishedSpeed
from poet.report.words import day
from poet.results.benchmark import TOLERANCE, Benchmark, Row, Shape, TrainingSpeed

# The reference models in the order of the page, with what they are. Others come behind them.
MODELS = {
    "default": "the default model of this project",
    "original": "the small model of the first torch-transformer-poet",
    "71M": "the large model of the first torch-transformer-poet",
    "nanogpt": "nanoGPT's preset for a CPU",
    "gpt2": "GPT-2 small",
}

# The model of which the first torch-transformer-poet published figures, and what it is where nobody measured it here.
PUBLISHED_MODEL, PUBLISHED_SHAPE = "71M", "32 layers, 16 heads"

# What is said of a noisy figure that no noise can explain.
BEATS = "all the same faster than every figure without noise"

# When a figure is noisy, for a reader.
NOISY = (
    f"A figure is noisy if the middle 90 % of its timings differ by more than {100 * TOLERANCE:.0f} %, or if other "
    "work held the processor meanwhile."
)

# The models that a page shows at once; the others are folded.
SHOWN_AT_ONCE = ("default", PUBLISHED_MODEL)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A device of a machine that trained a model: the seconds per iteration, and the factor against the fastest device.

    A noisy row has no factor, and stands behind all others. `width` and the ends of the `whisker` (5th to 95th
    percentile) are in per cent of the longest bar of the model.
    """

    who: str
    device: str
    setting: str
    day: str
    seconds: float
    low: float
    high: float
    factor: float | None
    width: float
    whisker: tuple[float, float]
    remarks: tuple[str, ...]
    noisy: bool


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A device of a machine on which a model was not measured, and why."""

    who: str
    device: str
    model: str
    setting: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ModelTable:
    """A model on all machines, the fastest first. `what` says what the model is, `shape` how large."""

    model: str
    what: str
    shape: str
    places: list[Place]
    missing: list[Missing]
    published: tuple[PublishedSpeed, ...] = ()

    @property
    def at_once(self) -> bool:
        """Whether a page shows the table unfolded."""
        return self.model in SHOWN_AT_ONCE


def model_tables(machines: Mapping[str, Benchmark]) -> list[ModelTable]:
    """A table for each model that was tried in the setting of a training; the 71M model has one in any case.

    Models of the same name and of another shape compute another amount, so each shape has a table of its own.
    """
    groups: dict[tuple[str, Shape | None], list[tuple[str, Benchmark, Row]]] = {}
    for who, benchmark in machines.items():
        for row in benchmark.rows:
            if row.as_trained and not row.sweep:
                groups.setdefault((row.model, row.shape), []).append((who, benchmark, row))
    if PUBLISHED_MODEL not in {model for model, _ in groups}:
        groups[PUBLISHED_MODEL, None] = []
    order = [*MODELS]

    def rank(item: tuple[tuple[str, Shape | None], list[tuple[str, Benchmark, Row]]]) -> tuple[int, int]:
        (model, _), rows = item
        # Of several shapes, the one that most machines have comes first, and stands for the model.
        return order.index(model) if model in order else len(order), -len(rows)

    tables: list[ModelTable] = []
    for (model, shape), rows in sorted(groups.items(), key=rank):
        has_published = model == PUBLISHED_MODEL and not any(table.published for table in tables)
        tables.append(
            ModelTable(
                model=model,
                what=MODELS.get(model, ""),
                shape=describe_shape(shape, rows[0][2].parameters) if shape else PUBLISHED_SHAPE,
                places=_places(rows),
                missing=[missing_of(who, row) for who, _, row in rows if row.training is None],
                published=PUBLISHED if has_published else (),
            )
        )
    return tables


def _places(rows: Iterable[tuple[str, Benchmark, Row]]) -> list[Place]:
    """The measured ones of `rows`: first those that compare, the fastest first, then the noisy ones."""
    timed = [(who, benchmark, row, row.training) for who, benchmark, row in rows if row.training]
    timed.sort(key=lambda item: (bool(item[2].noise), item[3].seconds_per_iteration))
    quiet = next((speed for _, _, row, speed in timed if not row.noise), None)
    fastest = quiet.seconds_per_iteration if quiet else None
    longest = max((max(speed.seconds_p95, speed.seconds_per_iteration) for *_, speed in timed), default=0.0) or 1.0
    return [
        Place(
            who=who,
            device=name_of(row),
            setting=describe_setting(row),
            day=day_of(benchmark),
            seconds=speed.seconds_per_iteration,
            low=speed.seconds_p5,
            high=speed.seconds_p95,
            factor=speed.seconds_per_iteration / fastest if fastest and not row.noise else None,
            width=round(100 * speed.seconds_per_iteration / longest, 2),
            whisker=(round(100 * speed.seconds_p5 / longest, 2), round(100 * speed.seconds_p95 / longest, 2)),
            remarks=tuple(_remarks(row, speed, benchmark, quiet)),
            noisy=bool(row.noise),
        )
        for who, benchmark, row, speed in timed
    ]


def _remarks(row: Row, speed: TrainingSpeed, benchmark: Benchmark, quiet: TrainingSpeed | None) -> Iterator[str]:
    """What a reader should know of a figure; `quiet` is the fastest one without noise."""
    yield from row.noise
    if row.noise and row.load_average is not None:
        yield f"load average {row.load_average:.1f}"
    if row.noise and quiet and speed.seconds_p95 < quiet.seconds_p5:
        yield BEATS
    if benchmark.machine.power:
        yield benchmark.machine.power


def missing_of(who: str, row: Row) -> Missing:
    """What to say of a row that was not measured."""
    return Missing(
        who=who, device=name_of(row), model=row.model, setting=describe_setting(row), reason=row.reason or "not told"
    )


def describe_shape(shape: Shape, parameters: int = 0) -> str:
    """The size of a model and its batches in words."""
    size = [f"{parameters:,} parameters"] if parameters else []
    return ", ".join([*size, *sizes(shape).values()])


def sizes(shape: Shape) -> dict[str, str]:
    """Each size of a model and its batches in words, by its name."""
    return {
        "layers": count(shape.n_layer, "layer"),
        "heads": count(shape.n_head, "head"),
        "width": f"{shape.n_embd:,} wide",
        "context": f"context {shape.sequence_len:,}",
        "vocabulary": f"vocabulary {shape.vocab_size:,}",
        "batch": f"batch {shape.batch_size:,}",
        "preset": shape.preset,
    }


def describe_setting(row: Row) -> str:
    """How a row was computed: "bfloat16, compiled", and on a CPU with how many threads."""
    parts = [row.precision, *(["compiled"] if row.compiled else [])]
    return ", ".join([*parts, *([count(row.threads, "thread")] if row.device.startswith("cpu") else [])])


def name_of(row: Row) -> str:
    """What the device of a row is called: its name, and its number where a machine may have several."""
    return f"{row.device_name} ({row.device})" if row.device_name else row.device


def day_of(benchmark: Benchmark) -> str:
    """The day on which a machine was measured, as people write it; as it stands in the file where it is no day."""
    try:
        return day(datetime.datetime.fromisoformat(benchmark.measured).date().isoformat())
    except ValueError:
        return benchmark.measured


def count(number: int, thing: str) -> str:
    """A number of things: "1 core", "2 cores"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def unmeasured(tables: Sequence[ModelTable]) -> list[Missing]:
    """Everything in `tables` that was not measured."""
    return [missing for table in tables for missing in table.missing]
