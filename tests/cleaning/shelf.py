"""Builds cleaned collections for tests of later stages."""

from pathlib import Path

from poet.params.sections import Collection, DownloadSettings, FolderSource
from stages.clean import clean
from stages.download import download
from tests.recipes import CLEAN


def clean_shelf(texts: Path, out: Path) -> Path:
    """Download and clean the .txt files in the folder `texts`; returns the folder with the cleaned books.

    The raw books are then in `out / "raw"`, the figures of all in `out / "corpus.json"`.
    """
    collection = Collection(title="Test", sources=[FolderSource(kind="folder", path=str(texts))])
    download(collection, DownloadSettings(mirrors=["none"], allow_missing=False, max_bytes=10**8), out / "raw")
    clean(out / "raw", CLEAN, out=out / "clean", quality=out / "corpus.json")
    return out / "clean"
