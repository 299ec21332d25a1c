"""Which rows of a benchmark tell about a planned training: those of its device, precision and threads.

A compiled step takes about as long as one that is not: rows of either kind tell, those of the other kind less.
"""

import dataclasses
from dataclasses import dataclass

from poet.benchmark.prices import Step
from poet.errors import ConfigError, DataError
from poet.params.model import model_settings
from poet.results.benchmark import Benchmark, Row, measured
from poet.training.compile_rule import COMPILE_MIN_FLOPS

# Bytes of a number by precision.
WIDTHS = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """What decides how a training computes: the choices of the section `train`, and its FLOPs in all."""

    device: str
    precision: str
    compile: str
    flops: float

    def is_compiled(self, kind: str) -> bool:
        """Whether it is compiled on a device of this kind (`poet.training.step.should_compile`)."""
        if self.compile != "auto":
            return self.compile == "on"
        return kind == "cuda" or (kind == "cpu" and self.flops > COMPILE_MIN_FLOPS)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a training computes on a machine, and the rows of the benchmark that were measured so."""

    device: str
    precision: str
    compiled: bool
    threads: int
    rows: tuple[Row, ...]
    # Where it differs from the plan.
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """cpu, cuda or mps."""
        return self.device.partition(":")[0]


def choose_setting(benchmark: Benchmark, machine: str, plan: TrainingPlan) -> Setting:
    """The setting that a training would take, of those measured; the notes say where it is another one.

    DataError or ConfigError where nothing like it was measured.
    """
    rows = measured(benchmark.rows)
    if not rows:
        raise DataError(
            f"the benchmark of {machine} of {benchmark.measured[:10]} has no training that was measured without noise. "
            "Measure again while the machine is idle: `poet benchmark --save`."
        )
    # "auto" takes the best device, as a training does.
    kinds = [kind for kind in ("cuda", "mps", "cpu") if any(_kind(row) == kind for row in rows)]
    kind = kinds[0] if plan.device == "auto" else plan.device.partition(":")[0]
    rows = [row for row in rows if _kind(row) == kind]
    if not rows:
        raise ConfigError(
            f"the benchmark of {machine} of {benchmark.measured[:10]} has no training on {plan.device!r} that was "
            f"measured without noise; it has {', '.join(kinds)}. Measure again while that machine is idle: "
            "`poet benchmark --save`"
        )
    # What a training takes by itself is also known from a row that is noisy.
    trained = [row for row in benchmark.rows if row.as_trained and row.device == rows[0].device]
    found = _like_planned(rows, trained[0] if trained else rows[0], machine, plan)
    best = benchmark.machine.devices[0].device.partition(":")[0]
    if plan.device == "auto" and best != kind:
        note = f"a training takes {best} by itself, on which no training was measured without noise"
        found = dataclasses.replace(found, notes=(*found.notes, note))
    return found


def _like_planned(rows: list[Row], usual: Row, machine: str, plan: TrainingPlan) -> Setting:
    """The setting among `rows`, all of one kind of device, that comes nearest to the plan.

    What the plan leaves open is as in the row `usual`. ConfigError where nothing was measured in its precision.
    """
    # Of several GPUs one.
    rows = [row for row in rows if row.device == rows[0].device]
    precision = usual.precision if plan.precision == "auto" else plan.precision
    known = sorted({row.precision for row in rows})
    if precision not in known:
        raise ConfigError(
            f"train.precision: {machine} was not measured in {precision} on {_kind(usual)} without noise, but in "
            f"{', '.join(known)}. Measure again while the machine is idle: `poet benchmark --save`, or say "
            f"-S train.precision={known[0]}."
        )
    rows = [row for row in rows if row.precision == precision]
    counts = {row.threads for row in rows}
    threads = usual.threads if usual.threads in counts else max(counts)
    rows = [row for row in rows if row.threads == threads]
    compiled, notes = plan.is_compiled(_kind(usual)), []
    if not any(row.compiled == compiled for row in rows):
        notes.append(
            "the training is compiled, no measured step was" if compiled else "only compiled steps were measured"
        )
    return Setting(
        device=rows[0].device,
        precision=precision,
        compiled=compiled,
        threads=threads,
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _kind(row: Row) -> str:
    return row.device.partition(":")[0]


def row_step(row: Row) -> Step:
    """The training step that a row measured."""
    shape = row.shape
    model = model_settings(
        shape.preset,
        n_layer=shape.n_layer,
        n_head=shape.n_head,
        n_embd=shape.n_embd,
        sequence_len=shape.sequence_len,
    )
    return Step(
        config=model.config,
        vocab_size=shape.vocab_size,
        rows=shape.batch_size,
        passes=1,
        muon=shape.preset == "modern",
        width=WIDTHS[row.precision],
    )
