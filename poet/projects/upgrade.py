"""A project after another version was installed: its dvc.yaml, constraints and lock file are written anew."""

from dataclasses import dataclass
from pathlib import Path

from poet.errors import ConfigError, PoetError
from poet.files import read_text, write_text
from poet.params.file import load_params
from poet.project import PIPELINE
from poet.projects.lock import changed_stages, installed_lock, read_lock, text_hash, write_lock
from poet.projects.pipeline import make_pipeline
from poet.projects.template import CONSTRAINTS, template, template_path


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """The versions before and after, the `stages` whose code is another one, and whether anything was written."""

    before: str
    after: str
    stages: list[str]
    is_new: bool


def upgrade_project(root: Path, *, replace: bool = False) -> Upgrade:
    """Write dvc.yaml, constraints.txt and the lock file of the project `root` for what is installed now.

    PoetError, and nothing is written, if somebody has edited dvc.yaml, unless `replace` is set. ConfigError, after all
    is written, if params.yaml does not suit the installed version.
    """
    pipeline, before = make_pipeline(), read_lock(root)
    after, present = installed_lock(pipeline), text_hash(read_text(root / PIPELINE))
    if present not in (before.pipeline, after.pipeline) and not replace:
        raise PoetError(
            f"{root / PIPELINE} was edited, and an upgrade would replace it. Commit it first; then `poet upgrade "
            f"--replace` writes it anew, and `git diff {PIPELINE}` shows what to enter again."
        )
    is_new = before != after or present != after.pipeline
    if is_new:
        write_text(root / PIPELINE, pipeline.text)
        write_text(root / CONSTRAINTS, template(CONSTRAINTS))
        write_lock(root, after)
    try:
        load_params(root / "params.yaml")
    except ConfigError as error:
        raise ConfigError(f"{error.message}\nThis version's own is {template_path('params.yaml')}") from None
    stages = changed_stages(before, after)
    return Upgrade(before=before.version, after=after.version, stages=stages, is_new=is_new)
