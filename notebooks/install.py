"""Installs the project beside the PyTorch that this machine has: `python notebooks/install.py`. For Colab and the like.

Their PyTorch fits their GPU, and the one in constraints.txt would replace it. So the line there gives way to one with
the installed version; where that is too old for the project, nothing is installed.
"""

import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).absolute().parent.parent


def installed() -> str:
    """The version of PyTorch that is installed, by its metadata; "" if none is."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""


def constraints(torch: str) -> str:
    """The content of constraints.txt, with the version `torch` of PyTorch where that is not ""."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = [f"torch=={torch}" if torch and line.startswith("torch==") else line for line in lines]
    return "\n".join([*kept, ""])


def main() -> None:
    """Install into the environment of the Python that runs this, which is the notebook's."""
    torch = installed()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "constraints.txt"
        path.write_text(constraints(torch), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.call([*pip, "--constraint", str(path), "--editable", f"{ROOT}[formats]"]):
            beside = f" beside PyTorch {torch}; pyproject.toml names the oldest that will do" if torch else ""
            sys.exit(f"The project cannot be installed{beside}. What pip says of it stands above.")


if __name__ == "__main__":
    main()
