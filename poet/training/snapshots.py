"""Snapshots of a running training, so that any interruption costs at most the time since the last one.

They live outside what DVC knows, in a folder named by a hash of everything that determines the result: data,
parameters, code. Whatever changes the result therefore starts afresh, and a finished stage never extends itself. A
snapshot is written beside its final name, flushed to the disk and renamed, so one that has its name is whole.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from poet.files import sha256

# Two, so that a fault of the disk in the newest leaves one to fall back on.
KEPT = 2
TENSORS = "tensors.safetensors"
STATE = "state.json"


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """The snapshots of one training in `folder`."""

    folder: Path

    def save(self, step: int, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
        """Store the state after `step` steps; `progress` is any JSON value that the loop wants back."""
        final, temporary = self.folder / f"step-{step:09d}", self.folder / ".writing"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        save_file(tensors, temporary / TENSORS)
        state = {"step": step, "sha256": sha256(temporary / TENSORS), "progress": progress}
        (temporary / STATE).write_text(json.dumps(state), encoding="utf-8")
        for file in temporary.iterdir():
            _flush(file)
        shutil.rmtree(final, ignore_errors=True)
        temporary.rename(final)
        _flush(self.folder)
        for old in self._names()[:-KEPT]:
            shutil.rmtree(self.folder / old)

    def restore(self) -> tuple[int, dict[str, Tensor], dict[str, Any]] | None:
        """Step, tensors and progress of the newest whole snapshot, or None when there is none."""
        for name in reversed(self._names()):
            try:
                state = json.loads((self.folder / name / STATE).read_text(encoding="utf-8"))
                if sha256(self.folder / name / TENSORS) != state["sha256"]:
                    continue
                tensors = load_file(self.folder / name / TENSORS)
                return int(state["step"]), tensors, state["progress"]
            except (OSError, ValueError, KeyError, SafetensorError):
                continue  # damaged: an older one, or a fresh start, loses time and nothing else
        return None

    def clear(self) -> None:
        """Remove them all; the training is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _names(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("step-*"))


def resume_key(parts: list[str], code: Path, packages: tuple[str, ...]) -> str:
    """A hash of `parts` (data and parameters) and of the Python files in `packages` below `code`: 16 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8") + b"\0")
    for path in sorted(path for package in packages for path in (code / package).rglob("*.py")):
        digest.update(str(path.relative_to(code)).encode("utf-8") + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
