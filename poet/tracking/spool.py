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
from poet.progress import log
from poet.project import state_folder
from poet.tracking.mlflow_store import find_or_create_run, send_records, tracking_uri
from poet.tracking.tracker import Tracker

# The spool's folder below `.poet/`.
SPOOL = "spool"


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


def publish_all(root: Path) -> tuple[int, int]:
    """Send whatever is left in the spool of `root`: how many files were looked at, and how many could not be sent."""
    spools = sorted(state_folder(root, SPOOL).glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
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
        sent["run_id"] = sent["run_id"] or find_or_create_run(records[0]["run"], root)
        send_records(records[sent["records"] :], sent["run_id"], root)
    except Exception as error:  # whatever happens to a record keeper, the work goes on
        log(
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
