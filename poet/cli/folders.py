"""The folders in which the pipeline keeps what a command reads, one sub-folder for each collection; see dvc.yaml."""

from pathlib import Path

OWN = Path("data/own")
RAW = Path("data/raw")
CLEAN = Path("data/clean")
TOKENS = Path("data/tokens")
INDEX = Path("data/index")
MODELS = Path("models")
REPORTS = Path("reports")
