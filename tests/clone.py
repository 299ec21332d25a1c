"""A clean clone with small parameters, and a shell in it that knows nothing of the test's own project."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.shrink import shrink

ROOT = Path(__file__).parent.parent

ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "MLFLOW_", "GIT_"))},
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "OMP_NUM_THREADS": "1",
    "XDG_CACHE_HOME": tempfile.mkdtemp(prefix="poet-test-cache-"),
    "GIT_AUTHOR_NAME": "t",
    "GIT_AUTHOR_EMAIL": "t@example.org",
    "GIT_COMMITTER_NAME": "t",
    "GIT_COMMITTER_EMAIL": "t@example.org",
}


def sh(command: str, folder: Path, *, fails: bool = False) -> str:
    """Run a shell command in `folder`; returns what it printed. Its exit code must be 0, or not 0 if it `fails`."""
    result = subprocess.run(
        command, shell=True, cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert (result.returncode != 0) == fails, result.stdout
    return result.stdout


def wait_for_queue(folder: Path) -> None:
    """Wait until no experiment waits or runs in DVC's queue of the repository `folder`.

    This process looks by itself: `dvc queue status` takes a second of the processors, which the workers need.
    """
    from poet.experiments.queue import Queue, State  # tests of rooms without DVC use this module too

    deadline, quiet = time.monotonic() + 900, 0
    with contextlib.closing(Queue(folder)) as queue:
        while quiet < 2:  # one that a worker takes at this moment may be missing
            with contextlib.suppress(OSError, ValueError):  # a worker replaces a file at this moment
                busy = [one for one in queue.entries().values() if one.state in {State.QUEUED, State.RUNNING}]
                quiet = 0 if busy else quiet + 1
            assert time.monotonic() < deadline, busy
            time.sleep(0.5)


def clone(folder: Path) -> Path:
    """A repository with the files of this working tree, committed, with small parameters."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        # Of reports, git keeps the summaries, which the pipeline makes again, and the saved machines.
        is_made = name.startswith("reports/") and not name.startswith("reports/benchmarks/")
        if not is_made and name != "dvc.lock" and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    shrink(folder / "params.yaml")
    sh("git init -q -b main && git add -A && git commit -qm start", folder)
    return folder
