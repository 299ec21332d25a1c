"""A new project in an empty folder: its files, and a git repository with a first commit."""

import contextlib
import os
import shutil
import string
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from poet.errors import PoetError
from poet.files import write_text
from poet.params.file import load_params
from poet.project import PIPELINE, STATE
from poet.projects.lock import installed_lock, project_files, write_lock
from poet.projects.pipeline import LOCK, make_pipeline
from poet.projects.template import COPIED, DVC_CONFIG, DVC_SETTINGS, README

# What a project has at its top: its files, and what git and the commands of this program add while it is made.
TOP = sorted({Path(name).parts[0] for name in (*COPIED, DVC_CONFIG, PIPELINE, LOCK, "params.yaml", "README.md")})
ADDED = (".git", STATE)

# Variables by which git would take another repository than the new one; whoever runs a hook of git has them.
OTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")


@contextmanager
def new_project(root: Path, recipe: str) -> Iterator[None]:
    """Write the files of a project with the params.yaml `recipe` to `root`, an empty folder or none, for the `with`
    block to look at. Whatever fails, also in the block, takes them away again, and the folders that were made for them.

    PoetError for a folder that no project can be in, ConfigError for a wrong recipe.
    """
    with _system_errors_named(root):
        require_free(root)
        made = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        with _system_errors_named(root):
            _write_files(root, recipe)
        yield
    except BaseException:
        _remove(root, made)
        raise


@contextmanager
def _system_errors_named(root: Path) -> Iterator[None]:
    """PoetError in place of what the system says of `root` or a file in it: too long a name, no right to write."""
    try:
        yield
    except OSError as error:
        raise PoetError(f"no project can be made in {root}: {error}. Name another folder.") from None


def _remove(root: Path, made: Sequence[Path]) -> None:
    """Take away what was written to `root`, and the folders `made`, the innermost first; what is not ours stays."""
    for name in (*TOP, *ADDED):
        with contextlib.suppress(OSError):  # none was written
            shutil.rmtree(root / name) if (root / name).is_dir() else (root / name).unlink()
    for folder in made:
        with contextlib.suppress(OSError):  # it is not empty
            folder.rmdir()


def require_free(root: Path) -> None:
    """PoetError unless git is installed and `root` is an empty folder, or none, outside of other repositories."""
    if shutil.which("git") is None:
        raise PoetError("git is not installed, and DVC needs it; install it (Debian, Ubuntu: apt-get install git)")
    if root.is_dir() and any(root.iterdir()):
        raise PoetError(f"{root} is not empty; name a new folder, or an empty one")
    if root.exists() and not root.is_dir():
        raise PoetError(f"{root} is a file; name a new folder")
    for parent in root.resolve().parents:
        for name, tool in ((".git", "git"), (".dvc", "DVC")):
            if (parent / name).exists():
                raise PoetError(
                    f"{root} would be in the {tool} repository {parent}, and one repository in another is kept by "
                    "neither; name a folder outside of it"
                )


def _write_files(root: Path, recipe: str) -> None:
    write_text(root / "params.yaml", recipe)
    # Everything else can only be wrong because of a bug.
    settings, pipeline = load_params(root / "params.yaml"), make_pipeline()
    lock = installed_lock(pipeline)
    for name, text in project_files(pipeline).items():
        write_text(root / name, text)
    write_text(root / DVC_CONFIG, DVC_SETTINGS)
    write_lock(root, lock)
    page = string.Template(README.read_text(encoding="utf-8"))
    write_text(root / "README.md", page.substitute(name=settings.build[0], version=lock.version))


def commit_project(root: Path) -> str:
    """Make `root` a git repository with all its files in a first commit: `dvc exp run` starts from a commit.

    Returns what stood in the way of the commit, mostly that git does not know who commits; the files are then staged.
    PoetError where there can be no repository.
    """
    for words in (["init", "--quiet"], ["add", "--all"]):
        if problem := _git(root, *words):
            raise PoetError(f"git {words[0]} failed in {root}:\n{problem}")
    return _git(root, "commit", "--quiet", "--message", "A new poet")


def _git(root: Path, *words: str) -> str:
    """All that git says when it fails; else an empty text."""
    environment = {name: value for name, value in os.environ.items() if name not in OTHER_REPOSITORY}
    result = subprocess.run(["git", *words], cwd=root, env=environment, capture_output=True, check=False)
    if not result.returncode:
        return ""
    return (result.stderr + result.stdout).decode("utf-8", "replace").strip() or f"exit code {result.returncode}"
