"""The record of what was executed, in MLflow. The only module that imports mlflow, and only when a record is sent.

Every record goes to a spool file first and to MLflow from there, in batches. So a tracking server that is slow, down or
gone never stops or fails a stage: what could not be sent stays in the spool, and `poet publish` sends it later.

A run is found by its tag `poet.model_sha256`, not by an id in a file: evaluation, samples and report attach to the run
that trained the model, also when another stage, day or machine writes them.
"""

import dataclasses
import glob
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from poet.errors import Interrupted
from poet.files import write_json
from poet.progress import say

MODEL_TAG = "poet.model_sha256"

# MLflow takes at most 1,000 metrics or 100 parameters and tags in one request.
METRICS_PER_REQUEST, PARAMS_PER_REQUEST = 1000, 100

# A server that does not answer must not hold a training up: by default MLflow would retry for minutes.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


class Tracker:
    """Takes records and forgets them; the base of the real one, so that no caller ever asks whether tracking is on."""

    def resume(self, step: int) -> None:
        """The run goes on after `step`; metrics up to there are known already."""

    def params(self, values: dict[str, Any]) -> None:
        """Parameters, by dotted key."""

    def tags(self, values: dict[str, str]) -> None:
        """Tags of the run."""

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Measurements at `step`."""

    def text(self, path: str, text: str) -> None:
        """A text artifact."""

    def file(self, path: Path) -> None:
        """A file artifact; it must exist until it is sent."""

    def flush(self) -> None:
        """Hand everything on."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunIdentity:
    """What a run is found by (`model_sha256`, where the model exists already), or created with."""

    experiment: str
    name: str
    tags: dict[str, str]
    model_sha256: str


class SpoolTracker(Tracker):
    """Writes records to a spool file in `folder` and sends them to the MLflow at `uri` at each flush.

    Each execution has a file of its own, `<name>-<number>.jsonl`; an execution that resumes goes on with the last one.
    """

    def __init__(self, folder: Path, name: str, run: RunIdentity, root: Path) -> None:
        self.folder, self.name, self.root = folder, name, root
        self.number = len(self._existing())
        self.known_step = -1  # figures without a step stand at step 0
        self.offline = False
        self.pending: list[dict[str, Any]] = [{"run": dataclasses.asdict(run)}]

    @property
    def spool(self) -> Path:
        return self.folder / f"{self.name}-{self.number:04d}.jsonl"

    def _existing(self) -> list[Path]:
        return sorted(self.folder.glob(f"{glob.escape(self.name)}-[0-9]*.jsonl"))

    def resume(self, step: int) -> None:
        if existing := self._existing():
            self.number = len(existing) - 1
            self.known_step = max(
                (record["step"] for record in _read_spool(self.spool) if "metrics" in record), default=0
            )
            self.pending = [{"status": "RUNNING"}]

    def params(self, values: dict[str, Any]) -> None:
        self.pending.append({"params": {key: str(value) for key, value in values.items()}})

    def tags(self, values: dict[str, str]) -> None:
        self.pending.append({"tags": values})

    def metrics(self, step: int, values: dict[str, float]) -> None:
        if step > self.known_step:
            self.pending.append({"metrics": values, "step": step, "time": round(time.time() * 1000)})

    def text(self, path: str, text: str) -> None:
        self.pending.append({"text": text, "path": path})

    def file(self, path: Path) -> None:
        self.pending.append({"file": str(path.absolute())})

    def status(self, status: str) -> None:
        """FINISHED, KILLED or FAILED: how the run stands."""
        self.pending.append({"status": status})

    def flush(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.spool.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in self.pending)
        self.pending.clear()
        if not self.offline:
            self.offline = not publish(self.spool, self.root)


@contextmanager
def tracking(
    root: Path, collection: str, stage: str, model_sha256: str = "", *, record: bool = True
) -> Iterator[Tracker]:
    """A tracker for one execution of `stage`, spooled below `root`/.poet/spool and flushed at the end, whatever
    happens.

    Without `model_sha256` the execution is a run of its own (a training); with it, it attaches to the run of that
    model. Without `record` nothing is: of several processes only one speaks.
    """
    if not record:
        yield Tracker()
        return
    name = f"{collection}-{stage}" + (f"-{model_sha256[:16]}" if model_sha256 else "")
    tracker = SpoolTracker(root / ".poet" / "spool", name, identify_run(root, collection, model_sha256), root)
    status = "FAILED"
    try:
        yield tracker
        status = "FINISHED"
    except (Interrupted, KeyboardInterrupt):
        status = "KILLED"
        raise
    finally:
        if status == "FINISHED" or not model_sha256:  # what fails later does not undo a training that succeeded
            tracker.status(status)
        tracker.flush()


def identify_run(root: Path, collection: str, model_sha256: str) -> RunIdentity:
    """Name and tags for a run, from git and from what DVC sets in the environment."""
    commit = _git(root, "rev-parse", "HEAD")
    environment = {
        "poet.stage": "DVC_STAGE",
        "poet.experiment": "DVC_EXP_NAME",
        "poet.baseline": "DVC_EXP_BASELINE_REV",
    }
    tags = {tag: os.environ[variable] for tag, variable in environment.items() if os.environ.get(variable)}
    tags |= {
        "poet.collection": collection,
        "poet.git_commit": commit,
        "poet.git_dirty": str(bool(_git(root, "status", "--porcelain"))).lower(),
    }
    name = os.environ.get("DVC_EXP_NAME") or f"{collection}-{commit[:7] or 'uncommitted'}"
    return RunIdentity(experiment=collection, name=name, tags=tags, model_sha256=model_sha256)


def flatten(**sections: Any) -> dict[str, Any]:
    """The fields of some settings by dotted key, as MLflow shows parameters.

    >>> from poet.params.sections import SplitSettings
    >>> flatten(split=SplitSettings(validation=0.1, held_out_books=[]))
    {'split.validation': 0.1, 'split.held_out_books': []}
    """
    found: dict[str, Any] = {}
    for name, settings in sections.items():
        for key, value in (settings if isinstance(settings, dict) else dataclasses.asdict(settings)).items():
            found |= flatten(**{f"{name}.{key}": value}) if isinstance(value, dict) else {f"{name}.{key}": value}
    return found


def numbers(prefix: str, values: dict[str, Any]) -> dict[str, float]:
    """The numbers in nested `values` by dotted key.

    >>> numbers("copying", {"longest": 40, "held_out": {"longest": 31}, "note": "x"})
    {'copying.longest': 40, 'copying.held_out.longest': 31}
    """
    found: dict[str, float] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= numbers(f"{prefix}.{key}", value)
        elif isinstance(value, (int, float)):
            found[f"{prefix}.{key}"] = value
    return found


def project_root() -> Path:
    """The root of the user's repository. Inside a DVC experiment's temporary copy, it is still the real one."""
    return Path(os.environ.get("DVC_ROOT") or ".").absolute()


def tracking_uri(root: Path) -> str:
    """Where records go: MLFLOW_TRACKING_URI, else a database file in the root of the repository."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root.absolute()}/mlflow.db"


def _git(root: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def publish_all(root: Path) -> tuple[int, int]:
    """Send whatever is left in the spool of `root`: how many files were looked at, and how many could not be sent."""
    spools = sorted((root / ".poet" / "spool").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    return len(spools), sum(not publish(spool, root) for spool in spools)


def publish(spool: Path, root: Path) -> bool:
    """Send the records of `spool` that were not sent yet to the MLflow of `root`; False, and a line that says why, when
    that fails.
    """
    ledger = spool.with_suffix(".sent")
    sent: dict[str, Any] = (
        json.loads(ledger.read_text(encoding="utf-8")) if ledger.exists() else {"run_id": "", "records": 0}
    )
    records = _read_spool(spool)
    if sent["records"] == len(records):
        return True
    try:
        sent["run_id"] = sent["run_id"] or _find_or_create_run(records[0]["run"], root)
        _send(records[sent["records"] :], sent["run_id"], root)
    except Exception as error:  # whatever happens to a record keeper, the work goes on
        say(
            f"MLflow at {tracking_uri(root)} does not take records ({type(error).__name__}: {error}); they wait in "
            f"{spool.parent}, `poet publish` sends them"
        )
        return False
    write_json(ledger, {"run_id": sent["run_id"], "records": len(records)})
    return True


def _read_spool(spool: Path) -> list[dict[str, Any]]:
    """The whole records of `spool`; a last line that a crash cut short is left out."""
    if not spool.exists():
        return []
    lines = spool.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def mlflow_client(root: Path) -> Any:
    """A client of the MLflow of `root` that does not wait long."""
    import logging

    for variable, value in PATIENCE.items():
        os.environ.setdefault(variable, value)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri(root))


def _find_or_create_run(run: dict[str, Any], root: Path) -> str:
    client = mlflow_client(root)
    experiment = client.get_experiment_by_name(run["experiment"])
    if experiment is None:
        # A database file keeps artifacts in the folder where it happens to be used; a server decides for itself.
        location = (
            str(root.absolute() / "mlartifacts" / run["experiment"])
            if tracking_uri(root).startswith("sqlite:")
            else None
        )
        experiment = client.get_experiment(client.create_experiment(run["experiment"], artifact_location=location))
    if run["model_sha256"]:
        found = client.search_runs(
            [experiment.experiment_id],
            f"tags.`{MODEL_TAG}` = '{run['model_sha256']}'",
            max_results=1,
            order_by=["attributes.start_time DESC"],
        )
        if found:
            return str(found[0].info.run_id)
        run["tags"][MODEL_TAG] = run["model_sha256"]
    return str(client.create_run(experiment.experiment_id, run_name=run["name"], tags=run["tags"]).info.run_id)


def _send(records: list[dict[str, Any]], run_id: str, root: Path) -> None:
    from mlflow.entities import Metric, Param, RunTag

    client = mlflow_client(root)
    metrics = [
        Metric(key, value, r["time"], r["step"])
        for r in records
        if "metrics" in r
        for key, value in r["metrics"].items()
    ]
    for i in range(0, len(metrics), METRICS_PER_REQUEST):
        client.log_batch(run_id, metrics=metrics[i : i + METRICS_PER_REQUEST])
    params = [Param(key, value) for record in records if "params" in record for key, value in record["params"].items()]
    for i in range(0, len(params), PARAMS_PER_REQUEST):
        client.log_batch(run_id, params=params[i : i + PARAMS_PER_REQUEST])
    for record in records:
        if "tags" in record:
            client.log_batch(run_id, tags=[RunTag(key, value) for key, value in record["tags"].items()])
        elif "text" in record:
            client.log_text(run_id, record["text"], record["path"])
        elif "file" in record and Path(record["file"]).exists():
            client.log_artifact(run_id, record["file"])
        elif record.get("status") == "RUNNING":
            client.update_run(run_id, status="RUNNING")
        elif "status" in record:
            client.set_terminated(run_id, record["status"])
