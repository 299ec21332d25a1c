"""A project after another version was installed: its files and its lock file are written anew, params.yaml is not."""

from dataclasses import dataclass
from pathlib import Path

from poet.errors import ConfigError, DataError, PoetError
from poet.files import write_text
from poet.params.file import load_params
from poet.project import PIPELINE
from poet.projects.lock import (
    Lock,
    changed_stages,
    content_hash,
    installed_lock,
    is_project,
    project_files,
    read_lock,
    write_lock,
)
from poet.projects.pipeline import make_pipeline
from poet.projects.template import CONSTRAINTS, template_path

# A project with another version's pipeline or packages is none, so an upgrade does not leave these as they are.
NEEDED = (PIPELINE, CONSTRAINTS)

# In place of a lock that is missing or damaged.
NO_LOCK = Lock(version="", files={}, code={})


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """The versions before ("" if no lock said it) and after, the `stages` whose code is another one, the files that
    were `written`, and those that were `kept`, although this version has others: somebody has edited them.
    """

    before: str
    after: str
    stages: list[str]
    written: list[str]
    kept: list[str]
    is_new: bool


def upgrade_project(root: Path, *, replace: bool = False) -> Upgrade:
    """Write the files that `poet init` made, but for params.yaml and README.md, and the lock file of the project `root`
    for what is installed now.

    A file that somebody has edited is kept. PoetError, and nothing is written, if it is one of `NEEDED` that this
    version has changed, unless `replace` is set. With `replace`, the lock may be missing or damaged.
    """
    pipeline = make_pipeline()
    before, after = _lock_before(root, replace=replace), installed_lock(pipeline)
    present = {name: content_hash((root / name).read_bytes()) for name in after.files if (root / name).is_file()}
    # What somebody has edited stays, if this version has the same file as the one before.
    new = [name for name in after.files if present.get(name) != after.files[name]]
    new = [name for name in new if before.files.get(name) != after.files[name] or (replace and name in NEEDED)]
    # A file that is new in this version was not there before, nor was it edited.
    edited = [name for name in new if present.get(name) != before.files.get(name)]
    if (refused := [name for name in edited if name in NEEDED]) and not replace:
        raise PoetError(
            f"{' and '.join(refused)} in {root}: edited, and an upgrade would replace it. Commit it first; then `poet "
            f"upgrade --replace` writes it anew, and `git diff {' '.join(refused)}` shows what to enter again."
        )
    kept = [name for name in edited if name not in NEEDED]
    written, texts = [name for name in new if name not in kept], project_files(pipeline)
    for name in written:
        write_text(root / name, texts[name])
    if is_new := before != after or bool(written):
        write_lock(root, after)
    stages = changed_stages(before, after)
    return Upgrade(before=before.version, after=after.version, stages=stages, written=written, kept=kept, is_new=is_new)


def require_fitting_recipe(root: Path) -> None:
    """ConfigError if params.yaml of the project `root` does not suit the installed version."""
    try:
        load_params(root / "params.yaml")
    except ConfigError as error:
        raise ConfigError(f"{error.message}\nThis version's own is {template_path('params.yaml')}") from None


def _lock_before(root: Path, *, replace: bool) -> Lock:
    try:
        return read_lock(root)
    except DataError:
        if replace and is_project(root):
            return NO_LOCK
        raise
