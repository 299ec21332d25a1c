"""The spool: every record goes to a file first, and from there to MLflow, in batches.

A tracking server that is slow, down or gone therefore never stops or fails a stage. What could not be sent stays in the
spool, and `poet publish` sends it later.

A run is found by its tag `poet.model_sha256`, not by an id in a file: evaluation, samples and report attach to the run
that trained the model, also when another stage, day or machine writes them.
"""

import dataclasses
import glob
import json
import time
from pathlib import Path
from typing import Any

from poet.files import write_json
from poet.params.dotted import flatten
from poet.progress import log
from poet.project import state_folder
from poet.tracking.mlflow_store import find_or_create_run, send_records, tracking_uri
from poet.tracking.tracker import Tracker

# The spool's folder below `.poet/`. A spool file is a list of JSON records, one a line; the first names the run. Beside
# it, `<name>.sent` says to which MLflow run its records went, and how many of them.
SPOOL = "spool"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunIdentity:
    """How to find the run of an execution, or create it.

    `model_sha256` finds the run that trained the model; it is empty for a training, which always creates a run. Name
    and tags are those of a new run; `experiment` is the collection.
    """

    experiment: str
    name: str
    tags: dict[str, str]
    model_sha256: str


class SpoolTracker(Tracker):
    """Writes records to a spool file in `folder`, and sends them to the MLflow of the repository `root` at each flush.

    Each execution has a file of its own, `<name>-<number>.jsonl`. An execution that resumes continues the last file.
    """

    def __init__(self, folder: Path, name: str, run: RunIdentity, root: Path) -> None:
        self.folder, self.name, self.root = folder, name, root
        self.number = len(self._existing())
        # Metrics up to this step are in the spool already; a resumed training repeats some steps. -1: none is, not even
        # those of step 0, where figures without a step are recorded.
        self.known_step = -1
        # Once MLflow did not answer, this execution does not try again: each try may wait for ten seconds.
        self.offline = False
        # Records that the next flush writes.
        self.pending: list[dict[str, Any]] = [{"run": dataclasses.asdict(run)}]

    @property
    def spool(self) -> Path:
        """The file of this execution."""
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

    def params(self, **sections: Any) -> None:
        self.pending.append({"params": {key: str(value) for key, value in flatten(**sections).items()}})

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
        """The state of the run: FINISHED, KILLED or FAILED."""
        self.pending.append({"status": status})

    def flush(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.spool.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in self.pending)
        self.pending.clear()
        if not self.offline:
            self.offline = not publish(self.spool, self.root)


def publish_all(root: Path) -> tuple[int, int]:
    """Send all records in the spool of `root` that MLflow does not have: the number of spool files, and of those that
    could not be sent.
    """
    spools = sorted(state_folder(root, SPOOL).glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    return len(spools), sum(not publish(spool, root) for spool in spools)


def publish(spool: Path, root: Path) -> bool:
    """Send the records of `spool` that were not sent yet to the MLflow of `root`.

    Returns False when that fails, after a line that says why. Never raises for a fault of the tracking server.
    """
    ledger = spool.with_suffix(".sent")
    sent: dict[str, Any] = (
        json.loads(ledger.read_text(encoding="utf-8")) if ledger.exists() else {"run_id": "", "records": 0}
    )
    records = _read_spool(spool)
    if sent["records"] == len(records):
        return True
    try:
        sent["run_id"] = sent["run_id"] or find_or_create_run(records[0]["run"], root)
        send_records(records[sent["records"] :], sent["run_id"], root)
    except Exception as error:  # no fault of the tracking server, whatever its type, may stop a stage
        log(
            f"MLflow at {tracking_uri(root)} does not take records ({type(error).__name__}: {error}). They wait in "
            f"{spool.parent}; `poet publish` sends them."
        )
        return False
    write_json(ledger, {"run_id": sent["run_id"], "records": len(records)})
    return True


def _read_spool(spool: Path) -> list[dict[str, Any]]:
    """The records of `spool`; a last line that a crash cut short is left out."""
    if not spool.exists():
        return []
    # Every whole record ends with a line end, so what follows the last one is empty or a part of a record.
    lines = spool.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]
