"""Snapshots of a running training on the disk, so that an interruption costs only the time since the last one.

They are in a folder that DVC does not know, named by a hash of everything that determines the result: data, parameters,
code. A training that would give another result therefore starts afresh, and a finished training never goes on.
`poet.training.claim` sees to it that one process at a time writes there.

A snapshot is written to a temporary folder, flushed to the disk and renamed, so a snapshot under its final name is
complete, even after a power failure.
"""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from poet.errors import PoetError
from poet.files import replacing_folder, sha256
from poet.installation import CODE_ROOT, code_path
from poet.progress import log
from poet.training.distributed import World, broadcast, broadcast_tensors
from poet.training.history import History

# The name of the state folder that has one folder of snapshots per training (`poet.project.state_folder`).
RESUME = "resume"

# How many snapshots of a training are kept. With two, there is an older one if the disk damages the newest.
KEPT = 2

# The files of a snapshot: its tensors, and everything else as JSON.
TENSORS = "tensors.safetensors"
STATE = "state.json"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A whole training after `step` steps."""

    step: int
    # Weights, optimizer state and best weights by name, as `poet.training.state.state_dict` returns them.
    tensors: dict[str, Tensor]
    # What the training recorded so far.
    history: History
    # The step and the loss of the best validation; 0 and infinity before the first one.
    best_step: int
    best_loss: float
    # The name of the spool of this training's records (`poet.tracking`): a resumed training continues it.
    spool: str = ""


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """The snapshots of one training in `folder`; a new one is due `interval` seconds after the last."""

    folder: Path
    interval: float

    def save(self, snapshot: Snapshot) -> bool:
        """Store `snapshot` and remove the oldest. False, after a line that says why, when the disk does not take it:
        the training can go on, and the snapshots before are as they were.
        """
        final = self.folder / f"step-{snapshot.step:09d}"
        # A process that was killed while it wrote leaves its temporary folder behind. Only one process writes here.
        for leftover in self.folder.glob(".*.tmp"):
            shutil.rmtree(leftover, ignore_errors=True)
        try:
            with replacing_folder(final) as folder:
                _write(snapshot, folder)
        except (OSError, PoetError, SafetensorError) as error:
            reason = error.format_message() if isinstance(error, PoetError) else f"{final}: {error}"
            log(f"no snapshot after step {snapshot.step}: {reason}")
            return False
        for old in self._folders()[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        return True

    def newest(self) -> Snapshot | None:
        """The newest snapshot that is not damaged, or None when there is none."""
        for folder in reversed(self._folders()):
            try:
                return _read(folder)
            except (OSError, ValueError, KeyError, TypeError, SafetensorError):
                # Damaged. An older snapshot, or a start from the beginning, costs time and nothing else.
                continue
        return None

    def _folders(self) -> list[Path]:
        """The folders of the snapshots, oldest first: step numbers have nine digits, so they sort as text."""
        return sorted(self.folder.glob("step-*"))


def _write(snapshot: Snapshot, folder: Path) -> None:
    """Write the files of `snapshot` to `folder`."""
    save_file(snapshot.tensors, folder / TENSORS)
    state = {
        "tensors_sha256": sha256(folder / TENSORS),
        "step": snapshot.step,
        "best_step": snapshot.best_step,
        "best_loss": snapshot.best_loss,  # Python's json writes and reads Infinity
        "spool": snapshot.spool,
        "history": snapshot.history.to_json(),
    }
    (folder / STATE).write_text(json.dumps(state), encoding="utf-8")


def _read(folder: Path) -> Snapshot:
    """The snapshot in `folder`; ValueError or what the readers raise when it is damaged."""
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    if sha256(folder / TENSORS) != state["tensors_sha256"]:
        raise ValueError(f"{folder / TENSORS} is not the file that was written")
    return Snapshot(
        step=state["step"],
        tensors=load_file(folder / TENSORS),
        history=History.from_json(state["history"]),
        best_step=state["best_step"],
        best_loss=state["best_loss"],
        spool=state["spool"],
    )


def broadcast_snapshot(world: World, snapshot: Snapshot | None) -> Snapshot | None:
    """The snapshot of rank 0 on every process, or None when rank 0 has none (collective)."""
    # Small things as one Python object first; tensors go one by one, to spare memory.
    without_tensors = None if snapshot is None else dataclasses.replace(snapshot, tensors={})
    small: Snapshot | None = broadcast(world, without_tensors)
    if small is None:
        return None
    tensors = broadcast_tensors(world, None if snapshot is None else snapshot.tensors)
    return dataclasses.replace(small, tensors=tensors)


def resume_key(identity: Sequence[str], code: Sequence[str], root: Path = CODE_ROOT) -> str:
    """The name of a training's snapshot folder: a hash of `identity` (data and parameters) and `code`, 16 hex digits.

    `code` lists Python files and folders relative to `root`; a folder means all .py files in it. Names and
    contents count, the order of the list does not. Raises FileNotFoundError when one does not exist.
    """
    digest = hashlib.sha256()
    # A zero byte ends each part: without it, "ab", "c" and "a", "bc" would be the same.
    for part in identity:
        digest.update(part.encode("utf-8") + b"\0")
    # Sorted, because the order of a folder's files depends on the file system.
    for path in sorted(set(_python_files(code, root))):
        digest.update(path.relative_to(root).as_posix().encode("utf-8") + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _python_files(code: Sequence[str], root: Path) -> list[Path]:
    """The files that `code` names, and the .py files in the folders that it names."""
    files = []
    for name in code:
        path = code_path(name, root)
        # A path that is neither is kept as a file, so that reading it fails: a typing error must not go unnoticed.
        files += list(path.rglob("*.py")) if path.is_dir() else [path]
    return files
