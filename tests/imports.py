"""What a file of this project imports of it, read from its syntax tree: for the tests of layers and of dvc.yaml."""

import ast
from collections.abc import Callable
from pathlib import Path

from tests.clone import ROOT

# What each room of poet/ may import besides the ground and itself.
GROUND = {"addresses", "checksums", "costs", "errors", "files", "installation", "progress", "project", "terminal"}
MAY_IMPORT = {
    "tracking": {"params", "results"},
    "params": {"tokenizers"},  # poet.params.file alone, for the names in the table of kinds
    "books": {"params"},
    "results": set(),
    "remote": set(),
    "projects": {"params"},
    "cleaning": {"params", "books"},
    "sources": {"params", "books", "cleaning"},
    "finding": {"sources"},
    "tokenizers": {"params", "books"},
    "tokens": {"params", "books", "results", "tokenizers"},
    "model": {"params", "results", "tokenizers"},
    "generation": {"params", "results", "tokenizers", "model"},
    "attribution": {"results"},
    "device": {"params", "results", "model"},
    "metrics": {"params", "books", "results", "tokenizers", "tokens", "model", "generation", "attribution"},
    "training": {
        *("params", "results", "tokenizers", "tokens", "model", "generation", "metrics", "device", "tracking"),
    },
    # What a served model is made of goes into the model: only what writing and tracing need.
    "serve": {"params", "results", "tokenizers", "model", "generation", "attribution", "device"},
    "experiments": {"params", "results", "tracking", "model", "training"},
    "report": {"params", "books", "results", "attribution", "tracking", "experiments"},
    "export": {"params", "books", "results", "tokenizers", "model", "attribution", "report"},
}
EVERYTHING = {*GROUND, *MAY_IMPORT}
NOT_IN_BENCHMARK = {"export", "report", "tracking", "experiments", "projects"}
MAY_IMPORT |= {"benchmark": EVERYTHING - NOT_IN_BENCHMARK, "cli": {*EVERYTHING, "benchmark"}}
MAY_IMPORT |= {
    "notebook": {
        *("params", "books", "results", "tokenizers", "model", "generation", "attribution", "device", "tracking"),
        *("report", "cli"),
    },
}


def imports(path: Path) -> set[str]:
    """Dotted names of the poet modules that the file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.split(".")[0] == "poet")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "poet":
            # `from poet.cleaning import markers` imports a module, `from poet.files import sha256` a name of one.
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in names if module_file(name).is_file()}
            found |= modules
            if len(modules) < len(names):
                found.add(node.module)
    return found


def module_file(module: str) -> Path:
    """The file of a dotted module; of a package, its __init__.py."""
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def has_content(path: Path) -> bool:
    """Whether a file holds more than a docstring."""
    return len(path.read_text(encoding="utf-8").splitlines()) > 1


def imported_files(script: Path, passed_over: Callable[[str], bool] = lambda name: False) -> set[str]:
    """All files of poet that `script` imports, directly or not, by their path from the root.

    A file that is `passed_over` is left out, and so is what only that file imports.
    """
    found, queue = set(), [script]
    while queue:
        for module in imports(queue.pop()):
            path = module_file(module)
            name = path.relative_to(ROOT).as_posix()
            if name not in found and not passed_over(name):
                found.add(name)
                queue.append(path)
    return {name for name in found if has_content(ROOT / name)}
