"""What must hold before experiments are queued: they run in copies of what git and DVC keep, and of nothing else.

All of it would else show in the log of an experiment, minutes later and once for each; or not at all.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from poet.errors import PoetError
from poet.experiments.grid import Trial
from poet.params.sections import CalibreSource, FolderSource
from poet.params.values import NO_MODEL
from poet.tracking.run import git

# File names in a message.
SHOWN = 5


def check_repository(repo: Any, root: Path, trials: Sequence[Trial]) -> None:
    """PoetError lists everything in DVC's `repo`, with its root in `root`, that keeps experiments from being right."""
    problems = [*_programs(), *_uncommitted(repo, root), *_left_behind(repo, root, trials)]
    if problems:
        raise PoetError("\n".join(["no experiment was queued:", *(f"  {problem}" for problem in problems)]))


def _programs() -> Iterator[str]:
    """The worker and the stages are started by name."""
    if not shutil.which("dvc"):
        yield "there is no program `dvc` on the path; activate the environment first (`. .venv/bin/activate`)"


def _uncommitted(repo: Any, root: Path) -> Iterator[str]:
    """Changes that would become a part of every experiment, though its name and commit do not say so."""
    outs = {out.def_path for stage in repo.index.stages for out in stage.outs} | {"dvc.lock"}
    changed = [path for path in _listed(root, "diff", "--name-only", "-z", "HEAD") if path not in outs]
    if changed:
        yield f"not committed: {_few(changed)}. An experiment belongs to a commit; `git commit` or `git stash` first"
    deps = {dep.def_path for stage in repo.index.stages for dep in stage.deps}
    new = _listed(root, "ls-files", "--others", "--exclude-standard", "-z")
    lacking = [path for path in new if any(path == dep or path.startswith(f"{dep}/") for dep in deps)]
    if lacking:
        yield f"unknown to git, so experiments lack it: {_few(lacking)}. `git add` and `git commit` first"


def _listed(root: Path, *command: str) -> list[str]:
    return [path for path in git(root, *command).split("\0") if path]


def _few(paths: Sequence[str]) -> str:
    return ", ".join(paths[:SHOWN]) + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")


def _left_behind(repo: Any, root: Path, trials: Sequence[Trial]) -> Iterator[str]:
    """Folders of texts and models that are in the repository, and in no experiment."""
    for path in sorted({path for trial in trials for path in _folders(trial)}):
        written, real = Path(path).expanduser(), (root / Path(path).expanduser()).resolve()
        if written.is_absolute():
            continue
        if not real.is_relative_to(root.resolve()):
            yield f"{path} leads out of the repository, and an experiment runs in another folder; write the whole path"
            continue
        keeper = _keeper(repo, real)
        if keeper is not None and not git(root, "ls-files", "--", keeper.stage.path_in_repo):
            yield f"{keeper.stage.path_in_repo} is unknown to git; `git add` and `git commit` it first"
        elif keeper is not None and keeper.status():
            yield f"{path} has changed since `dvc add`; run `dvc add {path}` and commit the .dvc file first"
        elif keeper is None and not git(root, "ls-files", "--", path):
            yield (
                f"{path} is kept by neither git nor DVC, so experiments lack it. Let DVC keep it: `dvc add {path}`, "
                f"`git add {path}.dvc`, `git commit`"
            )


def _folders(trial: Trial) -> Iterator[str]:
    """The paths in params.yaml from which the experiment reads."""
    for name in trial.params.build:
        for source in trial.params.collection(name).sources:
            if isinstance(source, FolderSource | CalibreSource):
                yield source.path
    if trial.params.train.init_from != NO_MODEL:
        yield trial.params.train.init_from


def _keeper(repo: Any, path: Path) -> Any:
    """What `dvc add` keeps that is `path`, holds it or lies in it; None if there is nothing."""
    for stage in repo.index.stages:
        for out in stage.outs if stage.is_data_source else ():
            kept = Path(out.fs_path).resolve()
            if path.is_relative_to(kept) or kept.is_relative_to(path):
                return out
    return None
