"""How a run is made again: its commit, what its parameters change in params.yaml, and whether its text is here."""

import ast
import json
import re
import shlex
import tempfile
from pathlib import Path
from typing import Any

from poet.errors import PoetError
from poet.files import read_json, sha256
from poet.params.decided import with_preset
from poet.params.dotted import flatten
from poet.params.file import load_params
from poet.params.model import PRESETS
from poet.params.sections import Params
from poet.results.model_folder import WEIGHTS
from poet.tracking.compare import COMMIT_TAG
from poet.tracking.finished_runs import FinishedRun
from poet.tracking.run import git
from poet.tracking.tracker import START_TAG

# What every machine decides for itself where params.yaml says "auto".
MACHINE = ("train.device", "train.precision", "train.compile")

# What a commit may look like. Other people may write to the same MLflow, and git would take "--output=x" as an option.
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def reproduction(run: FinishedRun, collection: str, root: Path) -> list[str]:
    """Lines for the terminal: remarks begin with #, all others are commands."""
    recorded = run.tags.get(COMMIT_TAG, "")
    commit = recorded if _COMMIT.fullmatch(recorded) else ""
    lines = [f"# {run.name}, model {run.model_sha256[:8]}, of the collection {collection}"]
    lines += [f"# Its record names {recorded!r} as its commit, which is none."] if recorded != commit else []
    lines += _code(run, commit, root)
    settings, remark = _params_of(commit, root)
    lines += [remark] if remark else []
    changes = [f"build=[{collection}]", *overrides(run, settings)]
    lines.append(" ".join(["dvc exp run", *(f"-S {_quoted(change)}" for change in changes)]))
    lines += _machine(run) + _start(run, root) + _data(run, collection, root)
    # A line end in a name must not begin a line that looks like a command.
    return [" ".join(line.split()) if line.startswith("#") else line for line in lines]


def _quoted(word: str) -> str:
    """`word` as one word of a shell, in one line; line ends and control characters need the quotes of bash and zsh.

    >>> print(_quoted("it's"), _quoted("a\\nrm -rf ~"))
    'it'"'"'s' $'a\\x0arm -rf ~'
    """
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def _escaped(char: str) -> str:
    """`char` as it stands within $'...'."""
    if char.isprintable():
        return f"\\{char}" if char in "\\'" else char
    return f"\\x{ord(char):02x}" if char.isascii() else f"\\U{ord(char):08x}"


def _code(run: FinishedRun, commit: str, root: Path) -> list[str]:
    """How to get the code of `run`, and what is in the way."""
    if not commit:
        return ["# The record does not say what its code was: it may have been in no git repository."]
    lines = []
    if run.tags.get("poet.git_dirty") == "true":
        lines.append("# It ran with changes that were not committed, so its commit may lack a part of its code.")
    name = run.tags.get("poet.experiment", "")
    kept = git(root, "for-each-ref", "--format=%(refname)", "refs/exps").splitlines()
    if name and any(ref.endswith(f"/{name}") for ref in kept):
        lines.append(f"# DVC still has the experiment; `dvc exp apply {_quoted(name)}` brings all of it back.")
    if not git(root, "cat-file", "-t", commit):
        return [*lines, f"# This repository lacks the commit {commit}; fetch it from where the run was made."]
    if git(root, "rev-parse", "HEAD") == commit:
        return lines
    if git(root, "status", "--porcelain", "--untracked-files=no"):
        lines.append("# There are changes that are not committed here; commit or stash them first.")
    return [*lines, f"git checkout {commit}"]


def _params_of(commit: str, root: Path) -> tuple[Params, str]:
    """params.yaml of `commit`, else the one that is checked out, with a remark."""
    content = git(root, "show", f"{commit}:params.yaml") if commit else ""
    if content:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "params.yaml"
            file.write_text(content, encoding="utf-8")
            try:
                return load_params(file), ""
            except PoetError:
                pass  # written for another version of this program
        remark = "# This version does not read the params.yaml of that commit; the changes below are to the one here."
    else:
        remark = "# The changes below are to the params.yaml that is here."
    return load_params(root / "params.yaml"), remark


def overrides(run: FinishedRun, settings: Params) -> list[str]:
    """What `dvc exp run -S` has to change in the file of `settings` to get the recipe of `run`.

    Only the sections are compared that a run records: split, tokenize, model, train.
    """
    recorded = {key: value for key, value in run.params.items() if value != "None"}
    preset = recorded.get("model.preset", settings.model.preset)
    if preset not in PRESETS:
        raise PoetError(
            f"run {run.name} has the preset {preset!r}, which this version does not know; check out its commit."
        )
    file = flatten(**with_preset(settings, preset))
    found = [] if preset == settings.model.preset else [f"model.preset={preset}"]
    yoke = {key.rpartition(".")[2]: _parsed(value) for key, value in recorded.items() if key.startswith("model.yoke.")}
    has_yoke = settings.model.yoke is not None
    if bool(yoke) != has_yoke and any(key.startswith("model.") for key in recorded):
        found.append(f"model.yoke={_written(yoke or None)}")
    # A run records what its minutes picked, in figures; the same minutes could pick others.
    if settings.train.minutes is not None and "train.steps" in recorded:
        found.append("train.minutes=null")
    for key in sorted(recorded.keys() & file.keys()):
        value = file[key]
        is_free = value == "auto" and key in MACHINE
        if str(value) != recorded[key] and not is_free:
            found.append(f"{key}={_written(recorded[key] if isinstance(value, str) else _parsed(recorded[key]))}")
    return found


def _parsed(text: str) -> Any:
    """The value that MLflow holds as `text`."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _written(value: Any) -> str:
    """`value` as DVC reads it behind an equals sign.

    >>> _written({"layer": 1, "residual": False}), _written(["the-tempest"]), _written(None), _written("The ")
    ('{layer:1,residual:false}', '[the-tempest]', 'null', '"The "')
    """
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_written(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z][\w-]*", value):
        return '"' + value.replace('"', '\\"') + '"'
    return value if isinstance(value, str) else json.dumps(value)


def _machine(run: FinishedRun) -> list[str]:
    where = [run.tags[tag] for tag in ("poet.device_name", "poet.precision") if tag in run.tags]
    return [f"# It ran on {' in '.join(where)}; other machines round differently."] if where else []


def _start(run: FinishedRun, root: Path) -> list[str]:
    """Whether the weights that `run` started from are here, if it started from another model."""
    if not (digest := run.tags.get(START_TAG, "")):
        return []
    folder = run.params.get("train.init_from", "")
    weights = root / folder / WEIGHTS
    if not weights.is_file():
        here = "is not here"
    else:
        here = "is here" if sha256(weights) == digest else "is another model here"
    return [f"# It started from the model {digest[:8]} in {folder}, which {here}."]


def _data(run: FinishedRun, collection: str, root: Path) -> list[str]:
    """Whether the text of `run` is here; the record names it by the hash of its tokens."""
    if not run.data_sha256:
        return []
    meta = root / "data" / "tokens" / collection / "meta.json"
    if not meta.exists():
        return [f"# Its text is not built here. Afterwards it must have the hash {run.data_sha256}."]
    same = read_json(meta)["splits"]["train"]["sha256"].startswith(run.data_sha256)
    here = f"data/tokens/{collection}"
    return [f"# Its text is {'that of' if same else 'another than that of'} {here} (hash {run.data_sha256})."]
