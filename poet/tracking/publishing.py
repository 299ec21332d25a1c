"""From the spool to MLflow: every execution one run, every point once, whatever the server and the disk do.

Three things make it so. The run carries the name of its spool as a tag, so a run that was created while the reply got
lost is found again. The ledger keeps the run and how far its spool was sent, after each batch. And MLflow keeps a point
once that arrives twice, because the spool holds its time too. One process of a repository sends at a time.
"""

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import filelock

from poet.progress import log
from poet.project import state_folder
from poet.tracking.address import tracking_uri
from poet.tracking.faults import Problem, explain
from poet.tracking.mlflow_store import (
    METRICS_PER_REQUEST,
    MODEL_TAG,
    RunGone,
    RunIdentity,
    delete_twins,
    find_or_create_run,
    mlflow_client,
    send_records,
)
from poet.tracking.spool import (
    SPOOL,
    Ledger,
    append,
    has_ended,
    identity_from_name,
    is_alive,
    is_training,
    read_ledger,
    read_records,
    write_ledger,
)

# Seconds to wait for another process that sends. The records are safe in the spool, so waiting longer gains nothing.
WAIT = 120.0

# Seconds after which no server serves a request to create a run any more that was given up.
LATE = 600

# A record of a spool, or None for a damaged line, and the offset behind it; no offset for a record from memory.
Line = tuple[dict[str, Any] | None, int | None]


class Outcome(NamedTuple):
    """How many spools there are, how many could not be sent, and the fault of the server if that was why."""

    executions: int
    failed: int
    problem: Problem | None = None


def publish_all(root: Path, give_up_after: int = 3, *, from_elsewhere: bool = False) -> Outcome:
    """Send all records in the spool of `root` that were not sent yet, and close the runs of killed trainings.

    With `from_elsewhere`, also those that went to another MLflow: a person asks for that who moves to a team's server,
    and a stage must not take so long. Executions that still run send their own. After `give_up_after` faults of the
    server in a row, the rest waits.
    """
    failed, in_a_row, reported, spools = 0, 0, set[str](), _spools(root)
    problem = None
    for spool in spools:
        if is_alive(spool):
            continue
        if from_elsewhere and read_ledger(spool).store not in {"", tracking_uri(root)}:
            write_ledger(spool, Ledger())
        if in_a_row == give_up_after:
            failed += read_ledger(spool).offset < spool.stat().st_size
            continue
        _close(spool)
        problem = publish(spool, root)
        in_a_row = in_a_row + 1 if problem and problem.is_servers else 0
        failed += problem is not None
        if problem and problem.text not in reported:
            reported.add(problem.text)
            report_unsent(problem, root)
    return Outcome(len(spools), failed, problem if in_a_row else None)


def publish(spool: Path, root: Path, rest: Sequence[dict[str, Any]] = ()) -> Problem | None:
    """Send the records of `spool` that were not sent yet, and then `rest`, to the MLflow of `root`.

    Returns what was in the way, None if nothing was. Never raises for a fault of the server, the spool or the disk.
    """
    try:
        with _sending(root):
            try:
                _send(spool, root, rest)
            except RunGone:
                # Somebody removed the database. What it held cannot come back, but this record is complete.
                write_ledger(spool, Ledger())
                _send(spool, root, rest)
    except filelock.Timeout:
        return Problem("Another process is still sending records.", is_servers=True)
    except Exception as error:  # no fault of the tracking server, whatever its type, may stop a stage
        return explain(error, root)
    return None


def report_unsent(problem: Problem, root: Path) -> None:
    """Say in one line why records wait, and how they get to MLflow."""
    folder = state_folder(root, SPOOL)
    log(
        f"MLflow at {tracking_uri(root)} does not take records: {problem.text} They wait in {folder}; "
        "`poet publish` sends them."
    )


def _spools(root: Path) -> list[Path]:
    """The spools with records, trainings first: later stages join the runs that these create. Then by age."""
    found = [(not is_training(path), path.stat(), path) for path in state_folder(root, SPOOL).glob("*.jsonl")]
    found.sort(key=lambda item: (item[0], item[1].st_mtime_ns, item[2]))
    return [path for _, stat, path in found if stat.st_size]


def _close(spool: Path) -> None:
    """Add to the spool of a training that was killed that it failed; a resumed training opens its run again."""
    with contextlib.suppress(OSError):
        if is_training(spool) and not has_ended(spool):
            append(spool, [{"status": "FAILED", "time": spool.stat().st_mtime_ns // 1_000_000}])


@contextlib.contextmanager
def _sending(root: Path) -> Iterator[None]:
    """Keep other processes of the repository from sending at the same time; filelock.Timeout if one goes on for long.

    Two that create the run of one model at once would make it twice.
    """
    folder = state_folder(root, SPOOL)
    lock = filelock.FileLock(folder / ".sending")
    with contextlib.suppress(OSError, NotImplementedError):  # a disk that cannot be written has no locks
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=WAIT)
    try:
        yield
    finally:
        lock.release()


def _send(spool: Path, root: Path, rest: Sequence[dict[str, Any]]) -> None:
    """Send one spool from its ledger's offset on; raises whatever MLflow raises."""
    size = spool.stat().st_size if spool.exists() else 0
    ledger, store = read_ledger(spool), tracking_uri(root)
    if ledger.offset == size and not rest and not ledger.asked:
        return
    # The beginning of the record went elsewhere, so all of it goes to this MLflow.
    if ledger.store not in {"", store}:
        ledger = Ledger()
    client = mlflow_client(root)
    if not ledger.run_id:
        # Both are kept at once: the next attempt continues this run, and knows of one that may have been made.
        write_ledger(spool, dataclasses.replace(ledger, asked=round(time.time())))
        run_id = _find_run(client, spool, root, rest)
        ledger = dataclasses.replace(ledger, run_id=run_id, store=store)
        write_ledger(spool, ledger)
    ledger = _send_batches(client, spool, ledger, rest)
    if ledger.asked:
        delete_twins(client, ledger.run_id, spool.stem)
        is_late = time.time() - ledger.asked > LATE
        write_ledger(spool, dataclasses.replace(ledger, asked=0 if is_late else ledger.asked))


def _send_batches(client: Any, spool: Path, ledger: Ledger, rest: Sequence[dict[str, Any]]) -> Ledger:
    """Send what is behind the ledger's offset, and `rest`; returns the ledger of the last batch."""
    damaged = 0
    lines: list[Line] = [(record, None) for record in rest]
    for batch in _batches(_chain(read_records(spool, ledger.offset), lines)):
        records = [record for record, _ in batch if record]
        for tags in (tags for record in records for tags in record.get("children", ())):
            if MODEL_TAG in tags:
                _require_training(spool, tags[MODEL_TAG])
        send_records(client, ledger.run_id, records)
        damaged += sum(record is None for record, _ in batch)
        if (end := batch[-1][1]) is not None:
            ledger = dataclasses.replace(ledger, offset=end)
            write_ledger(spool, ledger)
    if damaged:
        log(f"{damaged} damaged records in {spool} were left out; all others are in MLflow.")
    return ledger


def _chain(lines: Iterator[tuple[dict[str, Any] | None, int]], rest: Sequence[Line]) -> Iterator[Line]:
    yield from lines
    yield from rest


def _find_run(client: Any, spool: Path, root: Path, rest: Sequence[dict[str, Any]]) -> str:
    """The id of the run that `spool` belongs to: by its first record, else by its name."""
    first = next((record for record, _ in read_records(spool)), None) or next(iter(rest), None) or {}
    run = RunIdentity(**first["run"]) if "run" in first else identity_from_name(spool)
    if run.model_sha256:
        _require_training(spool, run.model_sha256)
    return find_or_create_run(client, run, spool.stem, root)


def _require_training(spool: Path, model_sha256: str) -> None:
    """RuntimeError if the training of this model is in the spool and not in MLflow: its run must come first."""
    for other in filter(is_training, spool.parent.glob("*.jsonl")):
        is_sent = read_ledger(other).offset >= other.stat().st_size
        if not is_sent and model_sha256.encode() in other.read_bytes():
            raise RuntimeError(f"The training of its model has to be sent first ({other.name}).")


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Records for one request each, in their order: many metrics, parameters and tags, or one of any other kind."""
    batch: list[Line] = []
    values = 0
    for line in lines:
        record = line[0] or {}
        points = len(record.get("metrics", ()))
        is_small = record.keys().isdisjoint({"text", "dataset", "file", "status", "children"})
        if batch and (values + points > METRICS_PER_REQUEST or not is_small):
            yield batch
            batch, values = [], 0
        batch.append(line)
        values += points
        if not is_small:
            yield batch
            batch = []
    if batch:
        yield batch
