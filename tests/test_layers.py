"""The architecture as a test: imports go one way, modules are small, importing does nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# Each layer may import from those before it, and from itself.
LAYERS = [
    {"errors", "files", "model_settings", "config", "params_file", "progress", "tracking", "runs"},
    {"corpus"},
    {"tokens"},
    {"model"},
    {"training"},
]
# Beside the stack: what each of these may import besides the first layer.
BESIDE = {
    "attribution": {"corpus"},
    "benchmark": {"corpus", "tokens", "model", "training", "attribution"},
    "report": {"corpus"},
    "cli": {"corpus", "tokens", "model", "training", "benchmark", "attribution", "report"},
}


def imports(path: Path) -> set[str]:
    """Dotted names of the poet modules that the file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.split(".")[0] == "poet")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "poet":
            found.add(node.module)
    return found


def allowed(room: str) -> set[str]:
    if room in BESIDE:
        return LAYERS[0] | BESIDE[room] | {room}
    level = next(i for i, layer in enumerate(LAYERS) if room in layer)
    return set().union(*LAYERS[: level + 1])


MODULES = sorted((ROOT / "poet").rglob("*.py"))
PYTHON = [*MODULES, *sorted((ROOT / "stages").glob("*.py"))]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_go_one_way(path):
    room = path.relative_to(ROOT / "poet").parts[0].removesuffix(".py")
    if room == "__init__":
        assert not imports(path)
        return
    for module in imports(path) - {"poet"}:
        assert module.split(".")[1] in allowed(room), f"{name(path)} imports {module}"


def test_the_guard_sees_an_upward_import(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("def f():\n    from poet.training import loop\n", encoding="utf-8")
    assert imports(path) == {"poet.training"}
    assert "training" not in allowed("tokens")


def test_no_import_cycles():
    graph = {}
    for path in MODULES:
        dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        graph[dotted] = imports(path) - {dotted}

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        for other in graph.get(module, ()):
            visit(other, (*trail, module))

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_modules_and_functions_are_small(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 320
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 60, node.name
    assert ast.get_docstring(ast.parse(text)) or not text.strip(), "a module says what it holds"


@pytest.mark.parametrize("path", sorted((ROOT / "stages").glob("*.py")), ids=name)
def test_stages_are_thin(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= {"click"}
        elif isinstance(node, ast.ImportFrom):
            assert node.module.split(".")[0] in {"poet", "pathlib"}


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_one_reader_of_each_outside_thing(path):
    """YAML, the environment, MLflow and CUDA are each touched in one module; nothing is unpickled."""
    text, place = path.read_text(encoding="utf-8"), name(path)
    owners = {
        "ruamel": {"poet/params_file.py"},
        "os.environ": {"poet/tracking.py"},
        "from mlflow": {"poet/tracking.py"},
        "torch.cuda.": {"poet/training/device.py"},
        "torch.mps.": {"poet/training/device.py"},
        "torch.load": set(),
        "pickle": set(),
        "np.random.seed": set(),
        "torch.manual_seed": {"poet/training/device.py"},
    }
    for word, places in owners.items():
        assert word not in text or place in places, f"{place} uses {word}"


@pytest.mark.parametrize(
    "module", ["poet.corpus.clean", "poet.corpus.download", "poet.cli", "poet.attribution.matching"]
)
def test_importing_is_silent_and_light(module):
    code = f"import {module}, sys; print(sorted({{'torch', 'mlflow'}} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


def test_the_light_import_guard_can_fail():
    code = "import poet.model.layers, sys; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "True"
