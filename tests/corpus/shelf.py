"""Builds cleaned collections for tests of later stages."""

from pathlib import Path

from poet.config import CleanSettings, Collection, DownloadSettings, FolderSource
from poet.corpus.clean import clean
from poet.corpus.download import download


def clean_shelf(texts: Path, out: Path) -> Path:
    """Download and clean the .txt files in the folder `texts`; returns the folder with cleaned books."""
    collection = Collection(title="Test", sources=[FolderSource(kind="folder", path=str(texts))])
    download(collection, DownloadSettings(mirrors=["none"], allow_missing=False), out / "raw")
    clean(out / "raw", CleanSettings(minimum_kept=0.8), out / "clean")
    return out / "clean"
