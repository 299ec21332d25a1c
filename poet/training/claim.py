"""One process at a time for each training: the others wait for it and take its result.

Two experiments can need the same training at the same time, as after `dvc queue start -j 2`. Both would write to one
folder of snapshots, and compute the same bytes twice. So a training holds the lock in its folder from its first step
until its results are written. Who has to wait says so by a file in the folder; whoever finishes a training on which
others wait leaves a copy of the results there.

A process that is killed releases the lock. Who waited then continues from its snapshots.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from poet.errors import PoetError
from poet.files import replacing, replacing_folder
from poet.progress import log
from poet.training.distributed import World, broadcast

# The files in the folder of a training, beside its snapshots: the lock, one file per waiting process, and the results.
LOCK = "lock"
WAITING = "waiting-"
RESULT = "result"

# Seconds between two looks whether the other process has finished.
POLL_SECONDS = 0.5

# Days after which the snapshots of a training that nobody continued are removed.
ABANDONED_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to train what the snapshots in `folder` belong to; `waited` if another process trained it before."""

    folder: Path
    world: World
    waited: bool

    def take_result(self, paths: Mapping[str, Path]) -> bool:
        """Copy the results that the process before left, by their names, to `paths`; False if there are none.

        Only for a process that waited: without one, a training that is forced would do nothing. (Collective.)
        """
        taken = False
        if self.world.is_main and self.waited and (self.folder / RESULT).is_dir():
            for name, path in paths.items():
                _copy(self.folder / RESULT / name, path)
            log("the other process has trained the model; its result was taken")
            self._remove_unless_awaited()
            taken = True
        return bool(broadcast(self.world, taken))

    def finish(self, paths: Mapping[str, Path]) -> None:
        """Remove the snapshots: the results are in `paths`. If another process waits, leave a copy of them for it."""
        if not self.world.is_main:
            return
        # Those of the model itself, and the folders of its teachers.
        for snapshots in (*self.folder.glob("step-*"), *self.folder.glob("teacher-*")):
            shutil.rmtree(snapshots, ignore_errors=True)
        if self._is_awaited():
            # Without the copy, the other process trains the model again and gets the same.
            with contextlib.suppress(OSError, PoetError), replacing_folder(self.folder / RESULT) as folder:
                for name, path in paths.items():
                    _copy(path, folder / name)
        self._remove_unless_awaited()

    def _is_awaited(self) -> bool:
        return any(self.folder.glob(f"{WAITING}*"))

    def _remove_unless_awaited(self) -> None:
        if not self._is_awaited():
            shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def claim(folder: Path, world: World) -> Iterator[Claim]:
    """Hold the lock of the training whose snapshots are in `folder`; waits while another process holds it (collective).

    Where no lock can be made, as on a full or read-only disk, the training goes on without: it has no snapshots either.
    Snapshots of other trainings beside `folder` that nobody continued for ABANDONED_DAYS are removed.
    """
    # `thread_local=False`: whoever ends this block may release the lock.
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False)
    waiting = folder / f"{WAITING}{os.getpid()}"
    waited = False
    if world.is_main:
        _remove_abandoned(folder)
    try:
        # Rank 0 alone takes the lock, but all processes turn in this loop: a collective operation has a time limit.
        while not broadcast(world, not world.is_main or _try_lock(lock)):
            if world.is_main and not waited:
                log("another process is training the same model; this one waits for its result")
            waited = True
            if world.is_main:
                with contextlib.suppress(OSError):
                    waiting.touch()
            time.sleep(POLL_SECONDS)
        if world.is_main:
            # A process that did not wait clears what one left that was killed while it waited.
            for path in [waiting] if waited else [folder / RESULT, *folder.glob(f"{WAITING}*")]:
                _remove(path)
        yield Claim(folder=folder, world=world, waited=waited)
    finally:
        _remove(waiting)
        lock.release()


def _remove_abandoned(kept: Path) -> None:
    """Remove the folders beside `kept` of trainings that were left ABANDONED_DAYS ago, with a line for each."""
    for folder in kept.parent.glob("*/"):
        files = list(folder.rglob("*"))
        days = (time.time() - max(path.stat().st_mtime for path in (folder, *files))) / 86_400
        if folder == kept or days < ABANDONED_DAYS:
            continue
        # A training whose snapshots are far apart still holds its lock.
        lock = FileLock(folder / LOCK, timeout=0, thread_local=False)
        if _try_lock(lock):
            size = sum(path.stat().st_size for path in files if path.is_file())
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()
            log(f"removed {folder} ({size / 1e6:.1f} MB): its training was interrupted {days:.0f} days ago")


def _try_lock(lock: FileLock) -> bool:
    """Take `lock` without waiting; False if another process holds it, True if there can be no lock."""
    try:
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        return False
    except OSError as error:
        log(f"{lock.lock_file} cannot be made ({error.strerror}); training goes on without snapshots")
    return True


def _remove(path: Path) -> None:
    """Remove a file or folder, if it is there and can be removed."""
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        path.unlink()


def _copy(source: Path, target: Path) -> None:
    """Copy a file, or a folder of files, so that `target` is whole at any moment."""
    if source.is_dir():
        with replacing_folder(target) as folder:
            shutil.copytree(source, folder, dirs_exist_ok=True)
    else:
        with replacing(target) as temporary:
            shutil.copyfile(source, temporary)
