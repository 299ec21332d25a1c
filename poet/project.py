"""Where the user's repository is, and the folder in it for what neither git nor DVC keeps."""

import os
from pathlib import Path

# Listed in .gitignore and .dvcignore: the spool of records, and the state of interrupted trainings.
STATE = ".poet"


def project_root() -> Path:
    """The root of the user's repository. Inside a DVC experiment's temporary copy, it is still the real one."""
    return Path(os.environ.get("DVC_ROOT") or ".").absolute()


def state_folder(root: Path, name: str) -> Path:
    """The folder for the state called `name` in the repository `root`; whoever writes to it makes it."""
    return root / STATE / name
