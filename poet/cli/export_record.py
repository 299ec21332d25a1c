"""The settings of a model's training, as DVC recorded them: they may be others than those of today."""

import hashlib
import json
from pathlib import Path
from typing import Any

from poet.cli.folders import CLEAN, MODELS, TOKENS
from poet.project import in_project

# DVC's record of what was run, with which settings.
LOCK = Path("dvc.lock")

# The record has a line for each book of a shelf and each file of code, several times.
MAX_LOCK_BYTES = 20_000_000


def recorded_settings(name: str, model: Path) -> dict[str, dict[str, Any]]:
    """The sections with which DVC ran the stages that made `model`, the model's folder of the collection `name`.

    Empty unless the record is of this very model, and of the tokens and books that it was made from. The sources of a
    collection are no part of it: they can name what nobody is to know.
    """
    stages = _stages()
    found: dict[str, dict[str, Any]] = {}
    digest = dvc_hash(model)
    # From the model back to its books: each stage has to have written what the one after it read.
    for stage, out, read in (("train", MODELS, TOKENS), ("tokenize", TOKENS, CLEAN), ("clean", CLEAN, CLEAN)):
        record = _mapping(stages.get(f"{stage}@{name}"))
        if not digest or _recorded_hash(record.get("outs"), out / name) != digest:
            return {}
        sections = _mapping(_mapping(record.get("params")).get("params.yaml"))
        # A dotted key is a part of a section that another stage has whole, or a collection.
        whole = {key: dict(value) for key, value in sections.items() if isinstance(value, dict) and "." not in key}
        found = whole | found
        digest = _recorded_hash(record.get("deps"), read / name)
    return found


def dvc_hash(folder: Path) -> str:
    """The hash by which DVC knows the content of `folder`: the MD5 of a list of its files with theirs."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    entries = [{"md5": _md5(path), "relpath": name} for name, path in files]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _stages() -> dict[str, Any]:
    """What DVC recorded, by stage; empty where there is no record, or none that can be read."""
    from poet.errors import ConfigError
    from poet.params.yaml_reader import read_yaml

    lock = in_project(LOCK)
    try:
        return _mapping(read_yaml(lock, MAX_LOCK_BYTES).get("stages")) if lock.is_file() else {}
    except ConfigError:
        # A merge may have damaged it. The model is whole, and its card says that its settings are not known.
        return {}


def _recorded_hash(entries: Any, path: Path) -> str:
    """The hash of `path` among the outputs or dependencies of a stage; "" if it is not among them."""
    for entry in entries if isinstance(entries, list) else []:
        if _mapping(entry).get("path") == path.as_posix():
            return str(entry.get("md5", ""))
    return ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
