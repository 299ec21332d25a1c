"""A project that was moved or copied: its database of MLflow has the addresses of artifacts in the old folder.

MLflow writes the whole address of a folder to an experiment and to each run, and offers no way to change it. Without
this, the artifacts of a moved project are gone from its page, and new ones appear in the old folder.
"""

import contextlib
import sqlite3
from pathlib import Path
from urllib.parse import unquote, urlsplit

from poet.tracking.address import SQLITE, configured_uri, database_file

# The folder of artifacts, beside the database.
ARTIFACTS = "mlartifacts"

# Where the database has addresses below that of an experiment: its runs, its models, and their registered versions.
BELOW = (("runs", "artifact_uri"), ("logged_models", "artifact_location"), ("model_versions", "storage_location"))


def artifact_folder(root: Path, experiment: str) -> str:
    """The address of the artifacts of `experiment` in the project `root`."""
    return (root.absolute() / ARTIFACTS / experiment).as_uri()


def mend_addresses(root: Path) -> None:
    """Let the database in the folder of the project `root` find its artifacts in this folder.

    A database elsewhere is left alone: several projects may share it, each with artifacts of its own.
    """
    uri = configured_uri(root)
    if not uri.startswith(SQLITE):
        return
    file = database_file(uri)
    if not file.exists() or file.parent != root.resolve():
        return
    # A database of another version or a damaged one is for MLflow to complain of.
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(file)) as database, database:
        for (old,) in database.execute("SELECT artifact_location FROM experiments").fetchall():
            if new := _moved(old or "", root):
                database.execute("UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (new, old))
                # All runs and models of the experiment are in folders below its own.
                size = len(old) + 1
                for table, column in BELOW:
                    change = f"UPDATE {table} SET {column} = ? || substr({column}, ?)"
                    database.execute(f"{change} WHERE substr({column}, 1, ?) = ?", (new, size, size, f"{old}/"))


def _moved(address: str, root: Path) -> str:
    """The address in `root` of the artifacts at `address`, if they moved there; else an empty text."""
    before, found, name = address.rpartition(f"/{ARTIFACTS}/")
    if not found or not address.startswith("file:") or before == root.absolute().as_uri():
        return ""
    old, here = Path(unquote(urlsplit(address).path)), root / ARTIFACTS / unquote(name)
    if old.exists() and (not here.exists() or old.samefile(here)):
        return ""  # only the database was moved, or the folder has two names
    return artifact_folder(root, unquote(name))
