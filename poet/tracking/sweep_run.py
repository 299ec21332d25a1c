"""The run of a sweep in MLflow: the parent of the runs of its experiments, with their table and their page."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.project import state_folder
from poet.tracking.mlflow_store import MODEL_TAG
from poet.tracking.run import identify_run
from poet.tracking.spool import SPOOL, SWEEP
from poet.tracking.spool_tracker import SpoolTracker

# The tag of a sweep's run: the name of the sweep.
SWEEP_TAG = "poet.sweep"


@dataclass(frozen=True, kw_only=True)
class SweepRecord:
    """What is recorded of a sweep on one collection; `grid` holds the values of each setting as the person wrote them.

    Its runs are those of `models`, by their hashes, and those of DVC's `experiments` of the commit `baseline`, by name:
    a failed one has no model, and a model may be known from an earlier experiment. `began` is when the sweep began, in
    milliseconds since 1970.
    """

    name: str
    collection: str
    command: str
    grid: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    models: Sequence[str]
    experiments: Sequence[str]
    baseline: str
    page: str
    began: int
    has_failed: bool


def record_sweep(root: Path, sweep: SweepRecord) -> None:
    """Spool the run of `sweep` in the repository `root` and send it; the same sweep continues the run that it has."""
    run = identify_run(root, sweep.collection, "")
    tags = run.tags | {SWEEP_TAG: sweep.name, "mlflow.source.name": sweep.command}
    tracker = SpoolTracker(
        root, SWEEP, dataclasses.replace(run, name=f"sweep {sweep.name}", tags=tags, time=sweep.began)
    )
    tracker.owner = sweep.name
    earlier = sorted(state_folder(root, SPOOL).glob(f"{sweep.collection}.{SWEEP}.{sweep.name}.*.jsonl"))
    if earlier:
        tracker.resume(0, earlier[0].stem)
    tracker.params(sweep=dict(sweep.grid))
    tracker.table("sweep.json", sweep.rows)
    tracker.text("sweep.html", sweep.page)
    tracker.children([
        *({MODEL_TAG: model} for model in sweep.models),
        *({"poet.experiment": name, "poet.baseline": sweep.baseline} for name in sweep.experiments),
    ])
    tracker.status("FAILED" if sweep.has_failed else "FINISHED")
    tracker.close()
