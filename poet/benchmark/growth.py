"""How cost grows with width, layers, context, batch, vocabulary and corpus: `python -m poet.benchmark.growth --help`.

One size of the default model is varied at a time; of a corpus, the stages that read all of it are run. The figures are
those of docs/performance.md.
"""

import dataclasses
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from poet.benchmark.growing import MEGABYTE, run_measured, write_corpus
from poet.benchmark.measure import Rates, is_unsteady, measure, steadier
from poet.benchmark.models import DEFAULT, ReferenceModel
from poet.benchmark.names import suggested_name
from poet.benchmark.plan import as_trained
from poet.device.device import keep_freed_memory
from poet.device.machine import describe_machine
from poet.installation import stage_module
from poet.params.file import load_params
from poet.progress import ProgressBar, log, progress_bar
from poet.results.benchmark import Benchmark, CorpusCost, Machine, Row, Sweep, write_benchmarks

PATH = click.Path(path_type=Path)

# The width of a head where the width of the model varies.
HEAD = 64

# The values of each size. Where the context varies, the tokens of a step stay the same: the figure is that of the
# context alone.
VALUES: dict[Sweep, tuple[str, tuple[int, ...]]] = {
    "width": ("n_embd", (64, 128, 192, 256, 384, 512)),
    "layers": ("n_layer", (1, 2, 3, 6, 12)),
    "context": ("sequence_len", (64, 128, 256, 512, 1024)),
    "batch": ("batch_size", (1, 4, 16, 64)),
    "vocabulary": ("vocab_size", (256, 1024, 2048, 8192, 32_768)),
}

# Megabytes of the corpora.
SIZES = (1, 3, 10, 30)


@click.command(epilog="Example: python -m poet.benchmark.growth --clean data/clean/shakespeare --out growth.json")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--clean", type=click.Path(path_type=Path, exists=True), required=True, help="Cleaned books.")
@click.option("--out", type=PATH, required=True, help="The figures, in the form of reports/benchmarks.")
def main(params: Path, clean: Path, out: Path) -> None:
    """Measure how cost grows, on the best device of this machine."""
    keep_freed_memory()
    machine = describe_machine()
    shapes = [(sweep, model) for sweep in VALUES for model in _varied(sweep)]
    with progress_bar("growth", len(shapes) + 2 * len(SIZES)) as advance:
        rates = Rates()
        rows = []
        for sweep, model in shapes:
            advance(1, sweep)
            rows.append(_row(machine, model, sweep, rates))
        corpora = list(_corpora(params, clean, advance))
    found = Benchmark(
        machine=machine,
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        minutes=0.0,
        rates=tuple(rates.measured.values()),
        rows=tuple(rows),
        corpora=tuple(corpora),
    )
    write_benchmarks(out, {suggested_name(machine): found})
    noisy = sum(bool(row.noise) for row in rows)
    log(f"{len(rows)} sizes and {len(corpora)} runs of stages in {out}; {noisy} noisy")


def _varied(sweep: Sweep) -> Iterator[ReferenceModel]:
    """The default model with each value of one of its sizes."""
    key, values = VALUES[sweep]
    for value in values:
        changes: dict[str, Any] = {key: value}
        if sweep == "context":
            changes["batch_size"] = DEFAULT.shape.tokens // value
        if sweep == "width":
            changes["n_head"] = value // HEAD
        yield dataclasses.replace(DEFAULT, shape=dataclasses.replace(DEFAULT.shape, **changes))


def _row(machine: Machine, model: ReferenceModel, sweep: Sweep, rates: Rates) -> Row:
    """The figures of `model`, not compiled; a second time where they are unsteady."""
    usual = as_trained(machine.devices[0], DEFAULT)
    setting = dataclasses.replace(usual, compiled=False, as_trained=False)
    row = measure(model, setting, rates, sweep)
    return steadier(row, measure(model, setting, rates, sweep)) if is_unsteady(row) else row


def _corpora(params: Path, clean: Path, advance: ProgressBar) -> Iterator[CorpusCost]:
    """What the stages tokenize and index take for corpora of all SIZES, each stage as a process of its own."""
    collection = load_params(params).build[0]
    with tempfile.TemporaryDirectory(prefix="poet-growth-") as folder:
        for size in SIZES:
            corpus = Path(folder) / f"{size}"
            characters = write_corpus(clean, corpus, int(size * MEGABYTE))
            for stage, options in (("tokenize", ["--collection", collection]), ("index", [])):
                advance(1, f"{stage}, {size} MB")
                command = [sys.executable, "-m", stage_module(stage), "--params", str(params), *options]
                command += ["--clean", str(corpus), "--out", str(Path(folder) / f"{stage}-{size}")]
                seconds, peak = run_measured(command)
                yield CorpusCost(stage=stage, characters=characters, seconds=round(seconds, 2), peak_memory_bytes=peak)


if __name__ == "__main__":
    main()
