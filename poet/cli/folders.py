"""Where the pipeline keeps what a command reads of a collection; dvc.yaml is what puts it there."""

from pathlib import Path

CLEAN = Path("data/clean")
TOKENS = Path("data/tokens")
INDEX = Path("data/index")
MODELS = Path("models")
REPORTS = Path("reports")
