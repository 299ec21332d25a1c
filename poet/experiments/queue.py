"""DVC's queue of experiments: what waits in it, who works on it, what became of each.

The only module that touches the queue. DVC has no documented interface for Python there, so what is used of it is
little, and a test runs all of it.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import psutil

from poet.errors import PoetError
from poet.experiments.grid import Trial
from poet.tracking.run import git

# Seconds by which the start of a process may seem later than the note of it: Linux rounds the time of the boot.
ROUNDED = 5.0


class State(Enum):
    """What became of an experiment."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An experiment in the queue. `log` is what it printed, None before it began; `handle` is DVC's own entry."""

    name: str
    state: State
    log: Path | None
    handle: Any


class Queue:
    """The queue of the repository `root`, as far as it belongs to the commit that is checked out there."""

    def __init__(self, root: Path) -> None:
        from dvc.exceptions import NotDvcRepoError
        from dvc.repo import Repo

        if not git(root, "rev-parse", "HEAD"):
            raise PoetError(f"{root} has no commit of git, and an experiment belongs to one; `git commit` first")
        self.root = root
        try:
            self.repo = Repo(str(root))
        except NotDvcRepoError as error:
            raise PoetError(f"DVC does not know {root}: {error}; `dvc init` first") from None
        self.baseline: str = self.repo.scm.get_rev()

    def close(self) -> None:
        """Let go of the repository's files."""
        self.repo.close()

    @property
    def _queue(self) -> Any:
        return self.repo.experiments.celery_queue

    def finished(self) -> dict[str, str]:
        """The git commit of each experiment that DVC keeps of this commit, by name."""
        from dvc.repo.experiments.utils import exp_refs_by_baseline

        refs = exp_refs_by_baseline(self.repo.scm, {self.baseline})[self.baseline]
        return {ref.name: str(self.repo.scm.get_ref(str(ref))) for ref in refs}

    def entries(self) -> dict[str, Entry]:
        """The experiments in the queue by name. One that a worker takes at this moment may be missing."""
        queue, found = self._queue, dict[str, Entry]()
        # In this order: of several by one name, the one that will still run is the one that counts.
        done = (
            (one.entry, State.DONE if one.result and one.result.exp_hash else State.FAILED) for one in queue.iter_done()
        )
        active = ((entry, State.RUNNING) for entry in queue.iter_active())
        waiting = ((entry, State.QUEUED) for entry in queue.iter_queued())
        for entries in (done, active, waiting):
            for entry, state in entries:
                if entry.baseline_rev == self.baseline and entry.name:
                    log = self._log(entry)
                    found[entry.name] = Entry(name=entry.name, state=state, log=log, handle=entry)
        return found

    def failed_before(self, name: str) -> list[Entry]:
        """The experiments called `name` that failed, also those of other commits: their logs would hide a newer one."""
        old = (one.entry for one in self._queue.iter_failed() if one.entry.name == name)
        return [Entry(name=name, state=State.FAILED, log=self._log(entry), handle=entry) for entry in old]

    def _log(self, entry: Any) -> Path | None:
        process = self._queue.proc.get(entry.stash_rev)
        return Path(process.stdout) if process and process.stdout else None

    def put(self, trial: Trial, target: str, copied: Sequence[str]) -> None:
        """Queue `trial`: to build `target` with its changes, in a copy that has the ignored files `copied` too.

        PoetError if DVC does not take it, as while `dvc exp run` changes the files here.
        """
        from dvc.exceptions import DvcException

        # Keys that params.yaml may leave out are added; those that do not exist were refused before.
        changes = [change if change[:1] == "+" else f"++{change}" for change in trial.changes]
        try:
            self.repo.experiments.run(
                queue=True, targets=[target], params=changes, name=trial.name, copy_paths=list(copied)
            )
        except DvcException as error:
            raise PoetError(
                f"DVC does not queue {trial.name}: {error}\nThe same command goes on with those that are queued."
            ) from error

    def start_workers(self, count: int, threads: int) -> None:
        """Start workers until there are `count`, each with as many threads; PoetError if DVC does not start them."""
        # In a process of its own: a worker keeps the files of the process that starts it open, such as a pipe that the
        # sweep prints to. For the same reason the output is a file.
        command = [sys.executable, "-m", "dvc", "queue", "start", "-j", str(count)]
        with tempfile.TemporaryFile() as said:
            result = subprocess.run(
                command,
                cwd=self.root,
                env=_environment(threads),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                # Ctrl-C is for the sweep, which stops its experiments itself.
                start_new_session=True,
            )
            said.seek(0)
            if result.returncode:
                words = said.read().decode("utf-8", "replace").strip()
                raise PoetError(f"DVC does not start workers (`dvc queue start -j {count}`): {words}")

    def is_idle(self) -> bool:
        """Whether no worker runs any experiment, be it of this sweep or not."""
        return not any(True for _ in self._queue.iter_active())

    def has_process(self, entry: Entry) -> bool:
        """Whether the process of a running experiment lives; it has none yet while its folder is made."""
        revision = entry.handle.stash_rev
        return is_alive(Path(self._queue.proc.wdir) / revision / f"{revision}.json")

    def give_up(self, entries: Sequence[Entry]) -> None:
        """Call those running experiments failed that no worker has, as after a reboot."""
        from dvc.exceptions import DvcException

        # DVC raises if a worker has one of them; the others are marked by then.
        with contextlib.suppress(DvcException):
            self._queue._mark_inactive_tasks_failure({entry.handle: entry.name for entry in entries})

    def interrupt(self, names: Collection[str]) -> None:
        """Ask running experiments to stop, as Ctrl-C would; a training then saves its state."""
        from dvc.exceptions import DvcException

        # One at a time: DVC stops at the first that has just ended by itself.
        for name in names:
            with contextlib.suppress(DvcException):
                self._queue.kill([name])

    def remove(self, entries: Sequence[Entry]) -> None:
        """Take experiments that wait or have ended out of the queue; what they made stays."""
        from dvc.repo.experiments.queue.remove import remove_tasks

        remove_tasks(self._queue, [entry.handle for entry in entries])
        for entry in entries:
            self._queue.proc.remove(entry.handle.stash_rev)

    def dismiss_workers(self) -> None:
        """Let workers end at once if nothing is left to do; by themselves they wait for a while."""
        if self.is_idle() and not any(True for _ in self._queue.iter_queued()):
            self._queue.shutdown()


def is_alive(note: Path) -> bool:
    """Whether the process lives of which DVC wrote the JSON file `note`, when it began and again when it ended.

    After a reboot, another process may have its number. That one began after the note was written.
    """
    try:
        process, written = json.loads(note.read_text(encoding="utf-8")), note.stat().st_mtime
        began = psutil.Process(process["pid"]).create_time()
    except (FileNotFoundError, psutil.Error):
        return False
    return process["returncode"] is None and began < written + ROUNDED


def _environment(threads: int) -> dict[str, str]:
    """The environment of a worker: the processors are divided among the workers, unless somebody did that already.

    Trainings that all use all processors wait for each other at every step.
    """
    return {"OMP_NUM_THREADS": str(threads)} | os.environ
