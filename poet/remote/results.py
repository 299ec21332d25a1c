"""What `dvc push --run-cache` leaves behind.

It pushes the list of finished stages, and of their results those that dvc.lock names and git does not keep. Curves and
summaries are kept by git (`cache: false`). DVC also puts them into its cache, to restore a stage that once ran, but it
does not push them. So a colleague without this dvc.lock would run `train` again, because its curves are missing. And of
experiments that are not in the workspace, no result is pushed at all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from poet.errors import RemoteError
from poet.remote.causes import telling_why
from poet.remote.check import check_remote
from poet.remote.configured import configured_remote


def share_results(root: Path, name: str | None = None) -> int:
    """Push the results of all stages that ever finished in the repository `root`, as far as its cache has them.

    `name`: the remote; without one, the default remote. Returns how many objects were pushed, folders counting as one
    more than their files.

    Raises:
        RemoteError: there is no such remote, or not everything could be pushed.
    """
    # Imported on use: dvc takes half a second.
    from dvc.repo import Repo

    remote = configured_remote(root, name)
    with Repo(str(root)) as repo, _alone(repo):
        runs = Path(repo.stage_cache.cache_dir)
        # runs/<two digits>/<what went in>/<what came out>
        finished = [(path.parent.name, path.name) for path in sorted(runs.glob("*/*/*")) if path.suffix != ".tmp"]
        used = repo.stage_cache.get_used_objs(finished)
        objects = {found for group in used.values() for found in group if repo.cache.local.exists(found.value)}
        try:
            with telling_why(remote, "push"):
                pushed, failed = repo.cloud.push(objects, remote=remote.name)
        except RemoteError:
            # The threads in which DVC pushes lose what stood behind an error; the check finds it again.
            check_remote(root, name)
            raise
    if failed:
        raise RemoteError(f"{len(failed)} of {len(objects)} objects could not be pushed. `poet remote check` says why.")
    return len(pushed)


@contextmanager
def _alone(repo: Any) -> Iterator[None]:
    """Keep other commands of DVC out of the repository; RemoteError if one of them does so now."""
    from dvc.lock import LockError

    try:
        repo.lock.lock()
    except LockError as error:
        raise RemoteError(
            "another command of DVC works in this repository, such as `dvc repro`. Wait until it has ended; then run "
            "this again."
        ) from error
    try:
        yield
    finally:
        repo.lock.unlock()
