"""One execution of a stage as a part of an MLflow run: which run that is, and how it ends."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from poet.errors import Interrupted
from poet.tracking.experiment_page import COLLECTION_TAG, USER_TAG
from poet.tracking.mlflow_store import RunIdentity
from poet.tracking.spool_tracker import SpoolTracker
from poet.tracking.tracker import Tracker


@contextmanager
def tracking(
    root: Path, collection: str, stage: str, model_sha256: str = "", *, record: bool = True
) -> Iterator[Tracker]:
    """A tracker for one execution of `stage`, spooled in the repository `root` and sent at the end, whatever happens.

    Without `model_sha256`, the execution is a run of its own: a training. With it, the execution attaches to the run
    that trained that model. With `record` false nothing is recorded: of several training processes only one records.
    """
    if not record:
        yield Tracker()
        return
    tracker = SpoolTracker(root, stage, identify_run(root, collection, model_sha256))
    status = "FAILED"
    try:
        yield tracker
        status = "FINISHED"
    except (Interrupted, KeyboardInterrupt):
        status = "KILLED"
        raise
    finally:
        # The status of a run is that of its training; a later stage leaves it alone, also when it fails.
        if not model_sha256:
            tracker.status(status)
        tracker.close()


def identify_run(root: Path, collection: str, model_sha256: str) -> RunIdentity:
    """Name and tags for a run, from git and from the variables that DVC sets for a stage.

    The name is that of the DVC experiment, else `<collection>-<first 7 digits of the commit>`.
    """
    commit = git(root, "rev-parse", "HEAD")
    environment = {
        "poet.stage": "DVC_STAGE",
        "poet.experiment": "DVC_EXP_NAME",
        "poet.baseline": "DVC_EXP_BASELINE_REV",
    }
    tags = {tag: os.environ[variable] for tag, variable in environment.items() if os.environ.get(variable)}
    tags |= {
        COLLECTION_TAG: collection,
        "poet.git_commit": commit,
        "poet.git_dirty": str(bool(git(root, "status", "--porcelain"))).lower(),
    }
    # Those that MLflow shows in columns of its own.
    tags |= {"mlflow.source.type": "LOCAL", "mlflow.source.name": f"dvc repro {tags.get('poet.stage', 'train')}"}
    tags |= {"mlflow.source.git.commit": commit} if commit else {}
    # Who it was, in a team that shares a server: the name that commits have, too.
    tags |= {USER_TAG: user} if (user := git(root, "config", "user.name")) else {}
    name = os.environ.get("DVC_EXP_NAME") or f"{collection}-{commit[:7] or 'uncommitted'}"
    now = round(time.time() * 1000)
    return RunIdentity(experiment=collection, name=name, tags=tags, model_sha256=model_sha256, time=now)


def commit(root: Path) -> str:
    """The commit that is checked out in the repository `root`, abbreviated; empty outside git."""
    return git(root, "rev-parse", "--short", "HEAD")


def git(root: Path, *arguments: str) -> str:
    """What git prints in the repository `root`; empty without git or outside a repository."""
    try:
        result = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
