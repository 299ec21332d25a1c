"""Where the user's repository is, and the folder in it for what neither git nor DVC keeps."""

import os
from pathlib import Path

from poet.errors import PoetError

# The file that makes a folder the root of a project.
PIPELINE = "dvc.yaml"

# Listed in .gitignore and .dvcignore: the spool of records, and the state of interrupted trainings.
STATE = ".poet"


def project_root() -> Path:
    """The root of the user's repository. Inside a DVC experiment's temporary copy, it is still the real one."""
    return Path(os.environ.get("DVC_ROOT") or enclosing_project()).absolute()


def enclosing_project() -> Path:
    """The nearest folder that holds the current folder and is a project's; the current folder itself if none is."""
    here = Path().absolute()
    return next((folder for folder in (here, *here.parents) if (folder / PIPELINE).is_file()), here)


def in_project(path: Path) -> Path:
    """`path`, which begins at the root of the project, as it is called from the current folder."""
    # From the root, paths in messages stay as short as params.yaml and dvc.yaml have them.
    return path if (root := enclosing_project()) == Path().absolute() else Path(os.path.relpath(root / path))


def require_project() -> Path:
    """The root of the user's repository; PoetError outside of it."""
    root = project_root()
    if not (root / PIPELINE).exists():
        raise PoetError(
            f"{root} is not the folder of a project, nor in one: no folder from it upwards has a {PIPELINE}. Change to "
            f"the folder that has params.yaml and {PIPELINE}, or to one below it, and run the command there."
        )
    return root


def state_folder(root: Path, name: str) -> Path:
    """The folder for the state called `name` in the repository `root`; whoever writes to it makes it."""
    return root / STATE / name


def left_behind(path: str) -> str:
    """What to do about the missing folder `path` if it is missing only in this temporary copy of the repository; else
    an empty text.

    An experiment in the queue or with `--temp` runs in a copy of what git and DVC keep. It does not read the folder in
    the repository itself: DVC could not see that the folder has changed, and would reuse results of other texts.
    """
    here, there = Path(path).expanduser(), project_root() / Path(path).expanduser()
    if here.absolute() == there or here.exists() or not there.exists():
        return ""
    return (
        f"{path} is in the repository, but git ignores it, so an experiment in the queue or with --temp lacks it. "
        f"Let DVC keep it (`dvc add {path}`, then `git add {path}.dvc`), or run the experiment with neither --queue "
        "nor --temp."
    )
