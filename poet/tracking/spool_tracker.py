"""The tracker that writes to a spool, and has it sent to MLflow by another process while a training goes on."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import filelock

from poet.params.dotted import flatten
from poet.progress import log
from poet.project import state_folder
from poet.tracking.mlflow_store import RunIdentity
from poet.tracking.publishing import publish, publish_all, report_unsent
from poet.tracking.spool import SPOOL, append, claim, hold, known_points, release
from poet.tracking.tracker import Tracker

# Seconds between two processes that send: each takes seconds of a core to start.
SENDER_SECONDS = 30.0


class SpoolTracker(Tracker):
    """Writes the records of one execution of `stage` to a spool of its own in the repository `root`.

    Records wait in `pending` until the next `save`. If the disk does not take them, they wait on, and at the end they
    go to MLflow from memory.
    """

    def __init__(self, root: Path, stage: str, run: RunIdentity) -> None:
        self.root, self.stage, self.run = root, stage, run
        # The resume key of a training, or the hash of the model that a later stage uses.
        self.owner = run.model_sha256
        # The file of this execution, and the lock that says that it runs; None until the first record is written.
        self.spool: Path | None = None
        self.lock: filelock.BaseFileLock | None = None
        # Step and key of the points that the spool of a resumed training holds already.
        self.known: set[tuple[int, str]] = set()
        self.pending: list[dict[str, Any]] = [{"run": dataclasses.asdict(run)}]
        # The process that sends records during the training, and whether one failed: then its successors are silent.
        self.sender: subprocess.Popen[bytes] | None = None
        self.quiet = False
        self.sender_due = time.monotonic() + SENDER_SECONDS
        self.is_disk_full = False

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the spool without its suffix; empty before it exists."""
        return self.spool.stem if self.spool else ""

    def start(self, key: str) -> None:
        if self.spool is None:
            self.owner = key
            self.save()

    def resume(self, step: int, name: str) -> None:
        spool = state_folder(self.root, SPOOL) / f"{Path(name).name}.jsonl"
        if not name or not spool.exists():
            return
        # Another process that runs on with this spool keeps it; this execution then begins one of its own.
        lock = hold(spool)
        if lock is None and spool.with_suffix(".alive").exists():
            return
        self.spool, self.lock = spool, lock
        self.known = known_points(spool, step)
        self.pending = [{"status": "RUNNING"}]
        self.save()

    @property
    def _addition(self) -> dict[str, bool]:
        """The mark of what a later stage says of a training; MLflow refuses a second value of a parameter."""
        return {"if_missing": True} if self.run.model_sha256 else {}

    def params(self, **sections: Any) -> None:
        # A setting of None is one that the run does not have, such as a yoke.
        values = {key: str(value) for key, value in flatten(**sections).items() if value is not None}
        self.pending.append({"params": values} | self._addition)

    def tags(self, values: dict[str, str]) -> None:
        self.pending.append({"tags": values})

    def metrics(self, step: int, values: dict[str, float]) -> None:
        if self.known:
            values = {key: value for key, value in values.items() if (step, key) not in self.known}
        if values:
            self.pending.append({"metrics": values, "step": step, "time": _now()})

    def text(self, path: str, text: str) -> None:
        self.pending.append({"text": text, "path": path})

    def table(self, path: str, rows: Sequence[Mapping[str, Any]]) -> None:
        # The format of MLflow's own `log_table`: the names of the columns, and the rows as lists.
        columns = list(rows[0]) if rows else []
        content = {"columns": columns, "data": [[row[column] for column in columns] for row in rows]}
        self.pending.append({"text": json.dumps(content), "path": path, "table": True})

    def dataset(self, sha256: str, profile: Mapping[str, int]) -> None:
        self.pending.append(
            {"dataset": self.run.experiment, "sha256": sha256, "profile": dict(profile)} | self._addition
        )

    def children(self, tags: Sequence[Mapping[str, str]]) -> None:
        self.pending.append({"children": [dict(each) for each in tags]})

    def file(self, path: Path) -> None:
        self.text(path.name, path.read_text(encoding="utf-8"))

    def status(self, status: str) -> None:
        """How the execution ends: FINISHED, KILLED or FAILED."""
        self.pending.append({"status": status, "time": _now()})

    def save(self) -> None:
        if not self.pending:
            return
        try:
            if self.spool is None:
                self.spool = claim(state_folder(self.root, SPOOL), self.run.experiment, self.stage, self.owner)
                self.lock = hold(self.spool)
            append(self.spool, self.pending)
        except OSError as error:
            if not self.is_disk_full:
                log(
                    f"{state_folder(self.root, SPOOL)} does not take records ({error.strerror}). The stage goes on; "
                    "its record goes to MLflow from memory when it ends. Make room on the disk, or make it writable."
                )
            self.is_disk_full = True
            return
        self.pending.clear()
        self.is_disk_full = False

    def flush(self) -> None:
        self.save()
        if (
            self.spool is None
            or time.monotonic() < self.sender_due
            or (self.sender is not None and self.sender.poll() is None)
        ):
            return  # it is too early, or the last one is still sending, and reads to the end of the spool
        self.sender_due = time.monotonic() + SENDER_SECONDS
        self.quiet = self.quiet or (self.sender is not None and self.sender.returncode != 0)
        # MLflow takes 10,000 points a second, and as Python they would hold up the training, even from a thread.
        command = [sys.executable, "-m", "poet.tracking.send", str(self.root), str(self.spool)]
        code = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path[:1])])}
        try:
            self.sender = subprocess.Popen(
                command,
                env=os.environ | code,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if self.quiet else None,
                # Ctrl-C in the terminal is for the training, which ends its sender itself. The session stays the same:
                # Linux divides the processor among sessions first, and in a session of its own a low priority
                # would mean nothing (man 7 sched, "The autogroup feature").
                process_group=0,
            )
        except OSError:
            self.sender = None  # out of memory or processes: the records are sent at the end

    def close(self) -> None:
        """Write and send all records, also those that other executions left, and let go of the spool."""
        self.save()
        if self.sender is not None:
            self.sender.terminate()
            self.sender.wait()
        # Records that no disk took have no spool; its name says where they belong.
        folder = state_folder(self.root, SPOOL)
        spool = self.spool or folder / f"{self.run.experiment}.{self.stage}.{self.owner or 'unknown'}.memory.jsonl"
        try:
            # First what others left: the training of this model may be among it, and this execution joins its run.
            others = publish_all(self.root, give_up_after=1)
            problem = others.problem or publish(spool, self.root, rest=self.pending)
        finally:
            release(spool, self.lock)
        # One line says it; `publish_all` has said already what hinders all others.
        if problem and not others.problem:
            report_unsent(problem, self.root)
        if problem and self.pending:
            log(f"{len(self.pending)} records of this execution are lost: neither the disk nor MLflow took them.")


def _now() -> int:
    """The time as MLflow counts it: milliseconds since 1970."""
    return round(time.time() * 1000)
