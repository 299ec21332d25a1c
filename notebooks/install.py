"""Installs the project beside the PyTorch that this machine has: `python notebooks/install.py`. For Colab and the like.

Their PyTorch fits their GPU, and the one in constraints.txt would replace it. So the line there gives way to one with
the installed version; where that is too old for the project, pip says so and installs nothing.
"""

import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).absolute().parent.parent


def constraints() -> str:
    """The content of constraints.txt, with the version of PyTorch that is installed, if one is."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    try:
        # Of the metadata, so that no library is loaded.
        torch = f"torch=={version('torch')}"
    except PackageNotFoundError:
        return "\n".join([*lines, ""])
    return "\n".join([torch if line.startswith("torch==") else line for line in lines] + [""])


def main() -> None:
    """Install into the environment of the Python that runs this, which is the notebook's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "constraints.txt"
        path.write_text(constraints(), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        sys.exit(subprocess.call([*pip, "--constraint", str(path), "--editable", f"{ROOT}[formats]"]))


if __name__ == "__main__":
    main()
