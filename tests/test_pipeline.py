"""dvc.yaml agrees with the code: every path is declared, every import is a dependency, every parameter is narrow."""

import re
import shlex
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT
from tests.test_layers import imports

PIPELINE = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE.items()}


def paths(stage: dict, *kinds: str) -> set[str]:
    """The paths under some keys of a stage, options left out."""
    return {next(iter(item)) if isinstance(item, dict) else item for kind in kinds for item in stage.get(kind, [])}


def code(module: str) -> Path:
    """The file of a dotted module."""
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def needed(script: Path) -> set[Path]:
    """All poet files with content that `script` imports, directly or not."""
    found, queue = set(), [script]
    while queue:
        for module in imports(queue.pop()):
            path = code(module)
            if path not in found:
                found.add(path)
                queue.append(path)
    return {path for path in found if len(path.read_text(encoding="utf-8").splitlines()) > 1}


def uncovered(script: Path, declared: set[str]) -> set[str]:
    """Imported files that no dependency covers, by itself or by a folder above it."""
    covers = {ROOT / path for path in declared}
    return {str(path.relative_to(ROOT)) for path in needed(script) if not {path, *path.parents} & covers}


def test_the_stages_are_those_of_the_design():
    names = "download clean tokenize tokenizers train evaluate index sample attribute benchmark report start_page"
    assert list(STAGES) == names.split()
    assert {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"} == set(STAGES)


@pytest.mark.parametrize("name", STAGES)
def test_dependencies_cover_the_imports(name):
    script = ROOT / "stages" / f"{name}.py"
    declared = paths(STAGES[name], "deps")
    assert f"stages/{name}.py" in declared
    assert uncovered(script, declared) == set()


def test_the_coverage_guard_can_fail():
    script = ROOT / "stages" / "train.py"
    assert "poet/training/loop.py" in uncovered(script, paths(STAGES["train"], "deps") - {"poet/training"})


@pytest.mark.parametrize("name", STAGES)
def test_no_dependency_is_idle_code(name):
    """A dependency on code that the stage does not import would run it again for nothing."""
    files = needed(ROOT / "stages" / f"{name}.py")
    for path in paths(STAGES[name], "deps"):
        if path.startswith("poet/"):
            assert any((ROOT / path) in {file, *file.parents} for file in files), path


@pytest.mark.parametrize("name", STAGES)
def test_every_path_of_the_command_is_declared_and_used(name):
    stage = STAGES[name]
    words = shlex.split(stage["cmd"])
    assert words[:3] == ["python", "-m", f"stages.{name}"]
    given = {word for word in words[3:] if "/" in word}
    data = {path for path in paths(stage, "deps") if not path.startswith(("poet/", "stages/", "data/own"))}
    outputs = paths(stage, "outs", "metrics", "plots")

    def meet(one: str, others: set[str]) -> bool:
        """Whether `one` is among `others`; a folder stands for its files, either way."""
        return any(one.startswith(other) or other.startswith(one) for other in others)

    assert {path for path in data | outputs if not meet(path, given)} == set()
    assert {word for word in given if not meet(word, data | outputs)} == set()


@pytest.mark.parametrize("name", STAGES)
def test_parameters_are_narrow(name):
    settings = YAML(typ="safe").load(ROOT / "params.yaml")
    script = (ROOT / "stages" / f"{name}.py").read_text(encoding="utf-8")
    declared = {key.split(".")[0] for key in STAGES[name].get("params", [])}
    assert declared <= set(settings)
    names = set(re.findall(r"(?:settings|load_params\(params\))\.([a-z]+)\b", script))
    read = {"collections" if name == "collection" else name for name in names} - {"runtime"}
    if name == "train":
        read -= {"split", "tokenize"}  # recorded in MLflow, but read from the tokens
    assert read <= declared
    # The report shows the whole recipe, so it names its sections in one tuple elsewhere.
    if name != "report":
        assert read == declared


def test_nothing_disables_the_run_cache():
    for stage in STAGES.values():
        assert not stage.get("always_changed") and stage["deps"]
        for out in stage.get("outs", []):
            assert isinstance(out, str), "plain outputs are cached and never persistent"
        for item in stage.get("metrics", []) + stage.get("plots", []):
            assert next(iter(item.values())) == {"cache": False}
