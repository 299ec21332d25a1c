"""The MLflow model is whole: its code, its packages, its files; it loads where there is no repository."""

import ast
import json
import subprocess
import sys
import sysconfig

import pytest

from poet.errors import ConfigError
from poet.serve import package
from tests.clone import ROOT
from tests.imports import imported_files
from tests.serve.small import small_model

SERVED = ROOT / "poet" / "serve" / "mlflow_model.py"

# Loads the model as a machine does that has the packages and nothing of this project: -S leaves the files out by which
# an installed project is found in its repository.
LOADS = """
import importlib.util, json, sys
sys.path.append(sys.argv[1])
spec = importlib.util.find_spec("poet")
# An editable installation leaves files of data in a folder poet/, which is no package.
if spec is None or spec.origin is None:
    import mlflow
    model = mlflow.pyfunc.load_model(sys.argv[2])
    answers = model.predict({"prompt": "the old "}, params={"max_new_tokens": 20, "seed": 3})
    places = {module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "poet"}
    print(json.dumps([answers, sorted(places)]))
"""


def loaded_elsewhere(model, folder):
    """The answers of the MLflow model in the folder `model`, and the files of poet by which it gave them."""
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", LOADS, sysconfig.get_path("purelib"), str(model)]
    environment = {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "PATH": "", "HOME": str(folder)}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_the_code_in_the_model_is_all_that_the_served_model_imports():
    shipped = {f"poet/{name}.py" for name in package.MODULES}
    needed = {name for name in imported_files(SERVED) if name.split("/")[1] not in package.ROOMS}
    assert needed <= shipped


def test_the_packages_are_those_that_its_code_imports():
    imported = set()
    for name in {*imported_files(SERVED), "poet/serve/mlflow_model.py"}:
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    # MLflow brings pandas, which poet.files imports for tables only.
    assert imported - sys.stdlib_module_names - {"poet", "pandas"} == set(package.PACKAGES)


@pytest.mark.slow
@pytest.mark.parametrize("has_index", [True, False])
def test_it_loads_in_another_folder_where_the_project_is_not_installed(tmp_path, has_index):
    model, index = small_model(tmp_path / "small")
    out = tmp_path / "mlflow model"
    package.write_mlflow_model(out, model, index if has_index else None, 3, ROOT / "constraints.txt")
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    parts = {"artifacts/model/config.json", "artifacts/model/model.safetensors", "artifacts/model/tokenizer.json"}
    assert {name for name in names if name.startswith("artifacts/model/")} == parts, "no last.safetensors"
    assert ("artifacts/index/meta.json" in names) == has_index
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".pt", ".bin.pt", ".pyc"))]
    text = (out / "MLmodel").read_text(encoding="utf-8")
    assert str(ROOT) not in text and "python_model:" not in text and "is_signature_from_type_hint: false" in text
    assert "torch==" in (out / "requirements.txt").read_text(encoding="utf-8")
    # MLflow leaves comments out.
    pins = [
        path.read_text(encoding="utf-8").split("\n") for path in (out / "constraints.txt", ROOT / "constraints.txt")
    ]
    assert pins[0] == [line for line in pins[1] if line and not line.startswith("#")]

    (tmp_path / "empty").mkdir()
    (answer,), places = loaded_elsewhere(out, tmp_path / "empty")
    assert answer["text"] and bool(answer["note"]) != has_index
    assert places and all(place.startswith(str(out / "code")) for place in places)
    assert not (tmp_path / "empty" / ".poet").exists(), "a note of checked files belongs into a project"


def test_a_package_without_a_version_is_one_message(tmp_path):
    (tmp_path / "constraints.txt").write_text("torch==2.13.0\nnumpy==2.4.6 # no\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"constraints.txt has no version of click, mlflow, numpy.*\n  click==8"):
        package.pinned(tmp_path / "constraints.txt")
