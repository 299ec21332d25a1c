"""The architecture as a test: imports go one way, modules are small, importing does nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clone import ROOT
from tests.imports import GROUND, MAY_IMPORT, imports


def allowed(room: str) -> set[str]:
    return GROUND if room in GROUND else GROUND | MAY_IMPORT[room] | {room}


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
    assert imports(path) == {"poet.training.loop"}
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
def test_a_stage_is_one_page(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 120
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= {"click"}
        elif isinstance(node, ast.ImportFrom):
            assert node.module.split(".")[0] in {"poet", "pathlib"}


# The modules that ask torch what the machine has.
HARDWARE = {f"poet/device/{module}.py" for module in ("device", "machine", "memory")}


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_one_reader_of_each_outside_thing(path):
    """YAML, the environment, MLflow and CUDA are each touched in one module; nothing is unpickled."""
    text, place = path.read_text(encoding="utf-8"), name(path)
    owners = {
        "ruamel": {"poet/params/file.py", "poet/params/yaml_reader.py"},
        "os.environ": {
            *("poet/project.py", "poet/tracking/run.py", "poet/tracking/mlflow_store.py"),
            *("poet/tracking/address.py", "poet/tracking/faults.py", "poet/tracking/spool_tracker.py"),
            # How the processes of a training find each other.
            *("poet/training/distributed.py", "poet/training/launcher.py"),
            # Where torch.compile keeps its code.
            "poet/training/compile_cache.py",
            # How threads of torch wait for each other.
            *("poet/__init__.py", "poet/benchmark/beside.py"),
            # The token of a server, which no command line should show.
            "poet/cli/serve.py",
            # Whether there is a graphical display.
            "poet/cli/browser.py",
            # Which repository git would take.
            "poet/projects/create.py",
            # How many threads a worker of DVC's queue has.
            "poet/experiments/queue.py",
        },
        "from mlflow": {
            *("poet/tracking/mlflow_store.py", "poet/tracking/registry.py"),
            # MLflow runs this file; only the folder that it is a part of is made without it.
            *("poet/serve/mlflow_model.py", "poet/serve/package.py"),
        },
        "torch.cuda.": HARDWARE,
        "torch.mps.": HARDWARE,
        "torch.load": set(),
        "pickle": set(),
        "np.random.seed": set(),
        "torch.manual_seed": {"poet/device/device.py"},
    }
    for word, places in owners.items():
        assert word not in text or place in places, f"{place} uses {word}"


@pytest.mark.parametrize(
    "module", ["poet.cleaning.records", "poet.sources.kinds", "poet.cli", "poet.attribution.spans"]
)
def test_importing_is_silent_and_light(module):
    code = f"import {module}, sys; print(sorted({{'torch', 'mlflow'}} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


def test_the_light_import_guard_can_fail():
    code = "import poet.model.layers, sys; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "True"
