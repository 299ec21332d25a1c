"""Where the code of the stages is: in the repository, stages/ stands beside poet/; in a wheel, it is poet/stages/."""

from pathlib import Path

# The folder that holds poet/: the root of the repository, or the site-packages of an installed wheel.
CODE_ROOT = Path(__file__).parents[1]

# Whether this is an installed wheel. Its only top-level package is poet, so it takes no other name from anybody.
IS_WHEEL = (CODE_ROOT / "poet" / "stages").is_dir()


def stage_module(name: str) -> str:
    """The module of the stage `name`, for `python -m`.

    >>> stage_module("train") in ("stages.train", "poet.stages.train")
    True
    """
    return f"poet.stages.{name}" if IS_WHEEL else f"stages.{name}"


def code_path(path: str, root: Path = CODE_ROOT) -> Path:
    """Where the file or folder of code is that dvc.yaml of the repository calls `path`: stages/train.py, poet/model."""
    return root / "poet" / path if IS_WHEEL and path.startswith("stages/") else root / path
