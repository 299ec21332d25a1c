"""The lock file of a project: the version that is installed, and a hash of the code of each of its stages."""

import dataclasses
import hashlib
import importlib.metadata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from poet.errors import DataError, PoetError
from poet.files import read_json_as, read_text, write_json
from poet.installation import code_path
from poet.project import PIPELINE
from poet.projects.pipeline import LOCK, RUN_STAGE, Pipeline, make_pipeline
from poet.projects.template import COPIED, template

# Of the hash of a file or a stage, as many hex digits are kept: enough to tell versions apart, and short in a diff.
DIGITS = 32


@dataclass(frozen=True, kw_only=True)
class Lock:
    """What a project was made with: `files` has a hash of each file as it was written, `code` one for each stage."""

    version: str
    files: dict[str, str]
    code: dict[str, str]


def installed_lock(pipeline: Pipeline) -> Lock:
    """The lock of a project that is made now."""
    return Lock(
        version=importlib.metadata.version("torch-transformer-poet"),
        files={name: content_hash(text.encode("utf-8")) for name, text in project_files(pipeline).items()},
        code={name: code_hash(paths) for name, paths in pipeline.code.items()},
    )


def project_files(pipeline: Pipeline) -> dict[str, str]:
    """The text of each file of a project that an upgrade may replace, by its name."""
    return {PIPELINE: pipeline.text} | {name: template(name) for name in COPIED}


def read_lock(root: Path) -> Lock:
    """The lock of the project `root`; PoetError where it has none, DataError where it is damaged."""
    if not (root / LOCK).is_file() and not is_project(root):
        raise PoetError(
            f"{root} has no {LOCK}: it is not a project that `poet init` made. Where the code is among the files, DVC "
            "sees each change of it, and nothing has to be upgraded."
        )
    try:
        return read_json_as(root / LOCK, Lock)
    except DataError:
        # The message of `read_json_as` would send people to DVC, which does not write this file.
        raise DataError(
            f"{root / LOCK} is missing or damaged, or another version wrote it. `git checkout {LOCK}` brings back what "
            "git has of it. If that does not help, `poet upgrade --replace` writes it anew; all stages then run again."
        ) from None


def is_project(root: Path) -> bool:
    """Whether `poet init` made the project `root`: the stages of its dvc.yaml run the installed code."""
    return (root / PIPELINE).is_file() and RUN_STAGE in read_text(root / PIPELINE)


def write_lock(root: Path, lock: Lock) -> None:
    """Write the lock of the project `root`; git keeps it."""
    write_json(root / LOCK, dataclasses.asdict(lock))


def changed_stages(before: Lock, after: Lock) -> list[str]:
    """The stages of `after` whose code is not that of `before`, in the order of dvc.yaml."""
    return [name for name, code in after.code.items() if before.code.get(name) != code]


def other_code(root: Path) -> list[str]:
    """One line for the project `root` if the installed code is not that in its lock; nothing if it has no lock."""
    if not (root / LOCK).is_file():
        return []
    before, after = read_lock(root), installed_lock(make_pipeline())
    stages = changed_stages(before, after)
    versions = f"version {after.version} is installed, this project has {before.version}"
    return [f"{versions}; other code in: {', '.join(stages)}. `poet upgrade` takes it over"] if stages else []


def require_same_code(root: Path, stage: str) -> None:
    """PoetError if the installed code of `stage` is not that of the project `root`.

    DVC would note the result under the hash of the other code, and give it to people who have that code.
    """
    lock, pipeline = read_lock(root), make_pipeline()
    if stage not in pipeline.code or lock.code.get(stage) != code_hash(pipeline.code[stage]):
        raise PoetError(
            f"the installed code of the stage {stage} (version {installed_lock(pipeline).version}) is not that of this "
            f"project (version {lock.version}, {LOCK}). Run `poet upgrade` to take the installed one, or install that "
            "version."
        )


def content_hash(content: bytes) -> str:
    """A hash of the `content` of a file."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def code_hash(paths: Sequence[str]) -> str:
    """A hash of the files of code at `paths`, files and folders as the repository's dvc.yaml calls them.

    Names and contents count. It is the same in a wheel and in the repository.
    """
    digest = hashlib.sha256()
    for name, file in sorted(_files(paths)):
        # A zero byte ends each part: without it, "ab", "c" and "a", "bc" would be the same.
        digest.update(name.encode("utf-8") + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:DIGITS]


def _files(paths: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """The files at `paths`, each with its name in the repository."""
    for name in paths:
        path = code_path(name)
        if path.is_dir():
            for file in path.rglob("*"):
                # What Python leaves behind is no code.
                if file.is_file() and "__pycache__" not in file.parts:
                    yield f"{name}/{file.relative_to(path).as_posix()}", file
        else:
            yield name, path
