"""`python -m tests.without_torch`: what the tests of the rooms without models need, one requirement a line.

PyTorch has no build for every Python at hand, and DVC and MLflow bring a hundred packages.
"""

import re
import sys
import tomllib
from pathlib import Path

HEAVY = re.compile(r"(torch|dvc|mlflow)\b")
TESTING = ("pytest", "pytest-xdist", "hypothesis", "python-docx")


def main() -> None:
    """Write the requirements to standard output."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [one for one in project["dependencies"] if not HEAVY.match(one)]
    sys.stdout.write("\n".join([*needed, *project["optional-dependencies"]["formats"], *TESTING]) + "\n")


if __name__ == "__main__":
    main()
