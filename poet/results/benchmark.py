"""The figures of benchmarks: reports/benchmark.json and the saved machines in reports/benchmarks/<machine>.json.

Both have the same form, keyed by the name of the machine, so that nobody takes another machine's figures for their own.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from poet.errors import DataError
from poet.files import read_json_as, write_json

# Files of machines come from other people: a figure of 0 or none at all would end a page that divides by it.
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
DeviceName = Annotated[str, Field(pattern=r"^(cpu|mps|cuda(:[0-9]{1,3})?)$")]
Precision = Annotated[str, Field(pattern=r"^(float32|bfloat16|float16)$")]

# A figure that may be off by more than this share is noisy. What is read from a benchmark are differences between
# devices, precisions and numbers of threads, of about 1.3 times and more; a larger error would hide or invent them.
TOLERANCE = 0.2

# What a row varies, besides the model: nothing in the table of models, one quantity in a sweep.
Sweep = Literal["", "threads", "batch", "width", "layers", "context", "vocabulary"]

# How the reason of a case begins for which the budget left no time.
NO_TIME = "no time left"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The size of a model and of its batches: everything that decides how much a training step computes."""

    preset: Literal["modern", "classic"]
    n_layer: Count
    n_head: Count
    n_embd: Count
    sequence_len: Count
    vocab_size: Count
    batch_size: Count

    def __post_init__(self) -> None:
        if self.n_embd % self.n_head or (self.preset == "modern" and self.n_embd // self.n_head % 2):
            raise ValueError(f"no model has {self.n_head} heads in a width of {self.n_embd}")

    @property
    def tokens(self) -> int:
        """The tokens of one training step."""
        return self.batch_size * self.sequence_len


@dataclass(frozen=True, kw_only=True)
class TrainingSpeed:
    """How fast a model trains: the median, the 5th and the 95th percentile of the seconds of a step in `iterations`
    timings. Short steps are timed several together, which count as one.

    `utilization` is the model's FLOP/s over those of a large matrix product on the same device in the same precision
    and with the same threads. `first_step_seconds` is the time from the start to the end of the first step; compiling
    is a part of it. `peak_memory_bytes` is that of the device, on a CPU of the process; None where nothing tells it.
    """

    iterations: Count
    seconds_per_iteration: Positive
    seconds_p5: Positive
    seconds_p95: Positive
    tokens_per_second: Positive
    utilization: NotNegative
    first_step_seconds: Positive
    peak_memory_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class GenerationSpeed:
    """How fast a model writes: tokens/s of one sequence and of 16 together, and the seconds to the first token.

    `relative_spread` is the distance between the 5th and the 95th percentile of the timed texts over their median;
    `noise` says why it is too large, if it is.
    """

    tokens_per_second: Positive
    tokens_per_second_16: Positive
    first_token_seconds: Positive
    relative_spread: NotNegative
    noise: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model in one setting on one device.

    `as_trained` marks the setting that a training would take on this device. `flops_per_token` are those of training.
    `reason` says why `training` is None (absent device, want of memory, no time left); "" where it was measured.
    `noise` says why the figures of the training are no fact about the machine; such rows are compared with nothing.
    """

    model: str
    shape: Shape
    parameters: Annotated[int, Field(ge=1)]
    flops_per_token: Annotated[int, Field(ge=1)]
    # "cpu", "mps", "cuda:0", and what the device calls itself.
    device: DeviceName
    device_name: str
    precision: Precision
    compiled: bool
    threads: Count
    as_trained: bool
    sweep: Sweep = ""
    training: TrainingSpeed | None = None
    generation: GenerationSpeed | None = None
    # The load average when the measurement began, and the processors that other work took during it (None: not told).
    load_average: float | None = None
    other_cores: float | None = None
    noise: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class MatrixRate:
    """The FLOP/s of a large matrix product: 100 % of utilization."""

    device: DeviceName
    precision: Precision
    threads: Count
    flops_per_second: Positive


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device that torch computes on. `driver` and `memory_bytes` are empty where nothing tells them."""

    device: DeviceName
    name: str
    memory_bytes: int | None = None
    driver: str = ""


@dataclass(frozen=True, kw_only=True)
class CorpusCost:
    """What `stage` takes for a corpus of `characters`: seconds, and peak resident memory in bytes."""

    stage: str
    characters: Count
    seconds: Positive
    peak_memory_bytes: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a reader needs beside a timing. It holds neither a host's name nor a user's."""

    processor: str
    cores: int
    threads: int
    memory_bytes: int | None
    system: str
    # For example "on battery" or "governor powersave"; "" where the system does not tell.
    power: str
    python: str
    torch: str
    # The commit of the repository, or the version of the installed package.
    commit: str
    devices: Annotated[tuple[Device, ...], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """All figures of one machine, measured at the time `measured` (ISO, UTC) within `minutes`.

    `corpora` is empty but where growth was measured (docs/performance/growth.json).
    """

    machine: Machine
    measured: str
    minutes: NotNegative
    rates: tuple[MatrixRate, ...]
    rows: tuple[Row, ...]
    corpora: tuple[CorpusCost, ...] = ()


def read_benchmarks(path: Path) -> dict[str, Benchmark]:
    """The benchmarks in the file `path` by machine; DataError when it is missing, damaged or from another version."""
    return dict(read_json_as(path, dict[str, Benchmark]))


def read_saved(folder: Path) -> dict[str, Benchmark]:
    """All saved benchmarks in `folder`, by machine, sorted by name; empty without the folder.

    DataError when a file is damaged or from another version.
    """
    found: dict[str, Benchmark] = {}
    for path in sorted(folder.glob("*.json")):
        if not path.is_file():
            continue
        try:
            found |= read_benchmarks(path)
        except DataError as error:
            # No stage writes these files, so their message has advice of its own.
            fault = error.message.partition(" The file is")[0].partition(" It is damaged")[0]
            raise DataError(
                f"{fault} Take {path} from git again, or measure that machine again: poet benchmark --save"
            ) from None
    return dict(sorted(found.items()))


def write_benchmarks(path: Path, benchmarks: Mapping[str, Benchmark]) -> None:
    """Write `benchmarks`, by machine, to the file `path`."""
    write_json(path, {name: dataclasses.asdict(benchmark) for name, benchmark in benchmarks.items()})


def newest(own: Mapping[str, Benchmark], saved: Mapping[str, Benchmark]) -> dict[str, Benchmark]:
    """All machines, by name: of one that is in both, the figures that are newer, and of the same time its `own`.

    A benchmark that had no time, or a busy machine, does not stand for older figures that compare.
    """
    found = dict(saved)
    for name, benchmark in own.items():
        older = found.get(name)
        says_more = bool(measured(benchmark.rows)) or not (older and measured(older.rows))
        if older is None or (benchmark.measured >= older.measured and says_more):
            found[name] = benchmark
    return dict(sorted(found.items()))


def measured(rows: Iterable[Row]) -> list[Row]:
    """The rows that may be compared: trained, and not noisy."""
    return [row for row in rows if row.training and not row.noise]
