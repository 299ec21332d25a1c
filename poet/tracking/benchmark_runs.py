"""Benchmarks in MLflow: each device of a machine is a run, so MLflow's own pages compare machines."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from poet.results.benchmark import Benchmark, Device, Row, measured
from poet.tracking.experiment_page import BENCHMARK, COLLECTION_TAG, NOTE_TAG
from poet.tracking.run import identify_run
from poet.tracking.run_page import fenced
from poet.tracking.spool import BENCHMARK_STAGE
from poet.tracking.spool_tracker import SpoolTracker

# The model whose setting stands in the parameters, where it was measured.
DEFAULT = "default"


def record_benchmark(root: Path, name: str, benchmark: Benchmark) -> None:
    """Record the benchmark of the machine `name` in the MLflow of the repository `root`, a run for each device.

    Records are spooled and sent as those of stages are: no fault of MLflow or of the disk raises.
    """
    for device in benchmark.machine.devices:
        rows = [row for row in benchmark.rows if row.device == device.device and row.as_trained and not row.sweep]
        identity = identify_run(root, BENCHMARK, "")
        # A benchmark is no run of a collection.
        tags = {key: value for key, value in identity.tags.items() if key != COLLECTION_TAG}
        tags |= {"poet.machine": name, "poet.device": device.device, "poet.device_name": device.name}
        tags |= {"poet.measured": benchmark.measured, "poet.measured_commit": benchmark.machine.commit}
        tags |= {} if "poet.stage" in tags else {"mlflow.source.name": "poet benchmark"}
        run = dataclasses.replace(identity, name=f"{name} {device.device}", tags=tags)
        tracker = SpoolTracker(root, BENCHMARK_STAGE, run)
        tracker.params(setting=setting(rows), machine=_machine(benchmark))
        tracker.metrics(0, metrics(rows))
        tracker.tags({NOTE_TAG: _note(name, device, benchmark, rows)})
        tracker.status("FINISHED")
        tracker.close()


def metrics(rows: Sequence[Row]) -> dict[str, float]:
    """The figures of `rows` by which machines compare; noisy rows have none."""
    found: dict[str, float] = {}
    for row in measured(rows):
        model = _plain(row.model)
        if row.training:
            found |= {
                f"{model}/seconds_per_iteration": row.training.seconds_per_iteration,
                f"{model}/tokens_per_second": row.training.tokens_per_second,
                f"{model}/utilization": row.training.utilization,
                f"{model}/first_step_seconds": row.training.first_step_seconds,
            }
        if row.generation and not row.generation.noise:
            found[f"{model}/generated_per_second"] = row.generation.tokens_per_second
    return found


def _plain(model: str) -> str:
    """The name of a model as MLflow takes it for a part of a metric's name.

    >>> _plain("71M"), _plain("../my <model>")
    ('71M', '___my _model_')
    """
    return re.sub(r"[^A-Za-z0-9_ -]", "_", model)


def setting(rows: Sequence[Row]) -> dict[str, object]:
    """How the device computed: the default model's setting, else that of the first model that was measured."""
    ours = sorted(measured(rows), key=lambda row: row.model != DEFAULT) or list(rows)
    return {key: getattr(ours[0], key) for key in ("precision", "compiled", "threads")} if ours else {}


def _machine(benchmark: Benchmark) -> dict[str, object]:
    keys = ("processor", "cores", "memory_bytes", "system", "power", "python", "torch")
    values = {key: getattr(benchmark.machine, key) for key in keys}
    return {key: value for key, value in values.items() if value not in (None, "")}


def _note(name: str, device: Device, benchmark: Benchmark, rows: Sequence[Row]) -> str:
    """The note of the run: what the device is, and which models have no metric here, with the reason."""
    lines = [f"{name}, {device.name or device.device}", f"measured on {benchmark.measured[:10]}"]
    lines += [f"{row.model}: noisy: {'; '.join(row.noise)}" for row in rows if row.training and row.noise]
    lines += [f"{row.model}: {row.reason}" for row in rows if row.training is None]
    return (
        "How fast this device trains and generates, in the setting that a training takes on it. Noisy figures are left "
        f"out.\n\n{fenced(chr(10).join(lines))}\n"
    )
