"""The spool: every record goes to a file first, and from there to MLflow.

A tracking server that is slow, down or gone therefore never stops or fails a stage. What could not be sent stays in the
spool, and the next stage or `poet publish` sends it.

Each execution has a file of its own below `.poet/spool`, a list of JSON records, one a line; the first names the run.
Its name is `<collection>.<stage>.<owner>.<unique>.jsonl`, where the owner is the resume key of a training, or the hash
of the model that a later stage used. Beside it are:

- `<name>.sent`, the ledger: to which MLflow run the records went, and up to which byte of the file;
- `<name>.alive`, locked as long as the execution runs. The system unlocks it when the process ends, also by kill -9.
"""

import contextlib
import dataclasses
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from poet.files import write_json
from poet.tracking.mlflow_store import RunIdentity

# The spool's folder below `.poet/`.
SPOOL = "spool"

# The stages whose executions are runs. All others attach to the run of a model. A sweep is no stage: its run is the
# parent of others.
TRAIN, BENCHMARK_STAGE, SWEEP = "train", "benchmark", "sweep"

# How an execution ends. RUNNING, the fourth status, is that of a training that was resumed.
ENDS = ("FINISHED", "KILLED", "FAILED")

# The fields of each kind of record with their types. Anything else in a spool is damage.
_KINDS: tuple[dict[str, type | tuple[type, ...]], ...] = (
    {"run": dict},
    {"params": dict},
    {"tags": dict},
    {"metrics": dict, "step": int, "time": int},
    {"text": str, "path": str},
    {"dataset": str, "sha256": str, "profile": dict},
    {"file": str},
    {"status": str},
    {"children": list},
)

# Bytes that are read at the end of a spool to find its last record. If the spool has ended, that is a status: short.
_TAIL = 4096


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What MLflow has of a spool: `offset` bytes of its records, in the run `run_id` of the MLflow at `store`.

    `asked`: when MLflow was asked to create the run and did not answer, in seconds since 1970, else 0. It may create
    that run still, as a twin of the one that the next request makes.
    """

    run_id: str = ""
    store: str = ""
    offset: int = 0
    asked: int = 0


def claim(folder: Path, collection: str, stage: str, owner: str) -> Path:
    """A new, empty spool file that no other execution has; OSError when the disk is full or cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / f"{collection}.{stage}.{owner or 'unknown'}.{secrets.token_hex(4)}.jsonl"
        # Mode x creates the file or fails: of two executions that draw the same number, one draws again.
        with contextlib.suppress(FileExistsError), path.open("xb"):
            return path


def identity_from_name(spool: Path) -> RunIdentity:
    """What the name of a spool says about its run; for a spool whose first record is damaged."""
    collection, stage, owner = [*spool.stem.split("."), "", "", ""][:3]
    digest = "" if stage in {TRAIN, BENCHMARK_STAGE, SWEEP, ""} else owner
    tags = {"poet.collection": collection, "poet.recovered": "true"}
    return RunIdentity(experiment=collection, name=f"{collection}-recovered", tags=tags, model_sha256=digest)


def is_training(spool: Path) -> bool:
    """Whether `spool` is that of a training, by its name."""
    return f".{TRAIN}." in spool.name


def append(spool: Path, records: list[dict[str, Any]]) -> None:
    """Add `records` to `spool`, all or none, and flush them to the disk; OSError when the disk does not take them."""
    content = "".join(json.dumps(record) + "\n" for record in records).encode("utf-8")
    with spool.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        # A crash may have left a part of a record. A line end keeps it from spoiling the next one.
        if size and file.seek(size - 1) is not None and file.read(1) != b"\n":
            content = b"\n" + content
        try:
            file.seek(size)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(file.fileno(), size)
            raise


def read_records(spool: Path, offset: int = 0) -> Iterator[tuple[dict[str, Any] | None, int]]:
    """The records of `spool` from the byte `offset` on, each with the offset behind it; None for a damaged line.

    A last line without its end is left out: it is being written, or a crash cut it short.
    """
    if not spool.exists():
        return
    with spool.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield _parse(line), offset


def _parse(line: bytes) -> dict[str, Any] | None:
    """The record in `line`, or None where there is none: zeros, other bytes, a part of a record."""
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    kinds = (kind for kind in _KINDS if all(isinstance(record.get(key), of) for key, of in kind.items()))
    return record if any(kinds) and _has_values(record) else None


def _has_values(record: dict[str, Any]) -> bool:
    """Whether metrics are numbers, parameters and tags are texts, and a run has all its fields."""
    numbers, texts = record.get("metrics", {}), {**record.get("params", {}), **record.get("tags", {})}
    fields = {field.name for field in dataclasses.fields(RunIdentity)} - {"time"}
    return (
        all(isinstance(value, (int, float)) for value in numbers.values())
        and all(map(_is_text, texts.values()))
        and all(isinstance(tags, dict) and all(map(_is_text, tags.values())) for tags in record.get("children", ()))
        and fields <= {*record.get("run", dict.fromkeys(fields))}
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def has_ended(spool: Path) -> bool:
    """Whether the last record of `spool` says how the execution ended."""
    with spool.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        lines = file.read().split(b"\n")
    last = _parse(lines[-2]) if len(lines) > 1 else None
    return last is not None and last.get("status") in ENDS


def known_points(spool: Path, after: int) -> set[tuple[int, str]]:
    """Step and key of the metrics in `spool` of steps behind `after`."""
    records = (record for record, _ in read_records(spool) if record and "metrics" in record)
    return {(record["step"], key) for record in records if record["step"] > after for key in record["metrics"]}


def read_ledger(spool: Path) -> Ledger:
    """The ledger of `spool`; that of an unsent one if it is missing or damaged.

    To send records twice does no harm: MLflow keeps a point once that has the same key, step, value and time.
    """
    try:
        content = json.loads(spool.with_suffix(".sent").read_bytes())
        ledger = Ledger(**{field.name: content.get(field.name, field.default) for field in dataclasses.fields(Ledger)})
        is_sane = isinstance(ledger.run_id, str) and isinstance(ledger.offset, int) and isinstance(ledger.asked, int)
        return ledger if is_sane and 0 <= ledger.offset <= spool.stat().st_size else Ledger()
    except (OSError, ValueError, AttributeError, RecursionError):
        return Ledger()


def write_ledger(spool: Path, ledger: Ledger) -> None:
    """Keep `ledger` beside `spool`, if the disk takes it."""
    with contextlib.suppress(OSError):
        write_json(spool.with_suffix(".sent"), dataclasses.asdict(ledger))


def hold(spool: Path) -> filelock.BaseFileLock | None:
    """The lock that says that the execution of `spool` runs; None if another process has it, or none can be had."""
    lock = filelock.FileLock(spool.with_suffix(".alive"))
    try:
        lock.acquire(blocking=False)
    except (filelock.Timeout, OSError, NotImplementedError):
        return None
    return lock


def release(spool: Path, lock: filelock.BaseFileLock | None) -> None:
    """End what `hold` began."""
    if lock is not None:
        with contextlib.suppress(OSError):
            spool.with_suffix(".alive").unlink(missing_ok=True)
        lock.release()


def is_alive(spool: Path) -> bool:
    """Whether the execution that writes `spool` still runs, on this machine or on another with the same disk."""
    if not spool.with_suffix(".alive").exists():
        return False
    lock = hold(spool)
    # Where nobody can tell, the execution is taken to run: to close the run of a living training would be wrong.
    if lock is None:
        return True
    lock.release()
    return False
