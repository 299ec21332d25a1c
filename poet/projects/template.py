"""What a new project takes from the repository: the same files, which a wheel carries in files/ of this room."""

from pathlib import Path

from poet.files import read_text
from poet.installation import CODE_ROOT, IS_WHEEL

# The versions of all packages with which this one was tested: for colleagues who install it, and for `poet register`.
CONSTRAINTS = "constraints.txt"

# Copied as they are. pyproject.toml puts each into the wheel, and params.yaml and dvc.yaml, from which those of the new
# project are made. With .dvc/ and .dvcignore, a folder is what `dvc init` makes of it.
COPIED = (
    *(".dvc/.gitignore", ".dvc/plots/learning.json", ".dvcignore", ".gitattributes", ".gitignore"),
    *(CONSTRAINTS, "data/own/README.md", "models/none/README.md", "reports/benchmarks/README.md"),
)

# Not copied: in a clone, .dvc/config also names the remotes of a team, and who reads them.
DVC_CONFIG = ".dvc/config"
DVC_SETTINGS = """\
[core]
    analytics = false
    check_update = false
"""

# The page that a new project begins with.
README = Path(__file__).parent / "README.md"


def template_path(name: str) -> Path:
    """Where the file is that the repository calls `name`."""
    return (Path(__file__).parent / "files" if IS_WHEEL else CODE_ROOT) / name


def template(name: str) -> str:
    """The text of the repository's file `name`."""
    return read_text(template_path(name))
