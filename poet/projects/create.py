"""A new project in an empty folder: its files, and a git repository with a first commit."""

import shutil
import string
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from poet.errors import PoetError
from poet.files import write_text
from poet.params.file import load_params
from poet.project import PIPELINE
from poet.projects.lock import installed_lock, write_lock
from poet.projects.pipeline import make_pipeline
from poet.projects.template import COPIED, README, template


@contextmanager
def new_project(root: Path, recipe: str) -> Iterator[None]:
    """Write the files of a project with the params.yaml `recipe` to `root`, an empty folder or none, for the `with`
    block to look at. Whatever fails, also in the block, takes them away again.

    PoetError for a folder that no project can be in, ConfigError for a wrong recipe.
    """
    require_free(root)
    existed = root.is_dir()
    try:
        _write_files(root, recipe)
        yield
    except BaseException:
        # The folder was empty, so all that is in it was written here.
        for path in root.iterdir() if existed else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not existed:
            shutil.rmtree(root, ignore_errors=True)
        raise


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
    for name in COPIED:
        write_text(root / name, template(name))
    write_text(root / PIPELINE, pipeline.text)
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
            raise PoetError(f"git {words[0]} failed in {root}: {problem}")
    return _git(root, "commit", "--quiet", "--message", "A new poet")


def _git(root: Path, *words: str) -> str:
    """What git says when it fails, its last line; else an empty text."""
    result = subprocess.run(["git", *words], cwd=root, capture_output=True, check=False)
    lines = (result.stderr or result.stdout).decode("utf-8", "replace").strip().splitlines()
    return (lines or [f"exit code {result.returncode}"])[-1] if result.returncode else ""
