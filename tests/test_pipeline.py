"""dvc.yaml agrees with the code: every path is declared, every import is a dependency, every parameter is narrow."""

import ast
import re
import shlex
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.train import CODE
from tests.clone import ROOT
from tests.imports import has_content, imported_files

PIPELINE = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE.items()}


def paths(stage: dict, *kinds: str) -> set[str]:
    """The paths under some keys of a stage, options left out."""
    return {next(iter(item)) if isinstance(item, dict) else item for kind in kinds for item in stage.get(kind, [])}


# How a path begins that params.yaml names.
PARAMETER = "${train."

# Dependencies that no stage has, each with the reason at the top of dvc.yaml.
NO_DEPENDENCY = (
    *("poet/errors.py", "poet/installation.py", "poet/progress.py", "poet/project.py", "poet/terminal.py"),
    *("poet/params/sections.py", "poet/params/file.py", "poet/benchmark/words.py"),
)
# Files and folders whose records and facts only one stage shows.
RECORDS = {"poet/tracking/": "start_page", "poet/device/machine.py": "benchmark", "poet/costs.py": "report"}


def needed(name: str) -> set[str]:
    """The files of poet that can change what the stage `name` writes."""

    def passed_over(file: str) -> bool:
        record = any(file.startswith(place) and name != stage for place, stage in RECORDS.items())
        return file in NO_DEPENDENCY or record

    return imported_files(ROOT / "stages" / f"{name}.py", passed_over) | templates(name)


def templates(name: str) -> set[str]:
    """The templates that the stage `name` renders with all that they include, and the style and script of a page."""
    folder = ROOT / "poet" / "report" / "templates"
    pages = {
        "report": ["collection.html", "page.css", "page.js"],
        "start_page": ["start.html", "start.css", "start.js"],
    }
    if name == "page":
        parts = sorted((ROOT / "poet" / "export" / "page").iterdir())
        return {part.relative_to(ROOT).as_posix() for part in parts}
    waiting, found = pages.get(name, []), set()
    while waiting:
        found.add(template := waiting.pop())
        text = (folder / template).read_text(encoding="utf-8")
        waiting += {*re.findall(r'{% (?:extends|import|include) "([^"]+)"', text)} - found
    return {(folder / each).relative_to(ROOT).as_posix() for each in found}


def declared(name: str) -> set[str]:
    """The files of code that the stage `name` depends on in dvc.yaml; a folder stands for all files in it."""
    found = set()
    for path in (ROOT / each for each in paths(STAGES[name], "deps") if each.startswith("poet/")):
        files = [path] if path.is_file() else [file for file in path.rglob("*.*") if "__pycache__" not in file.parts]
        found |= {file.relative_to(ROOT).as_posix() for file in files if has_content(file)}
    return found


def test_the_stages_are_those_of_the_design():
    names = "download clean tokenize tokenizers train evaluate index sample attribute benchmark page report start_page"
    assert list(STAGES) == names.split()
    assert {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"} == set(STAGES)


@pytest.mark.parametrize("name", STAGES)
def test_dependencies_are_exactly_what_can_change_the_result(name):
    """A file too few, and an edit goes unnoticed; a file too many, and an edit runs the stage again for nothing."""
    assert declared(name) == needed(name)
    assert f"stages/{name}.py" in paths(STAGES[name], "deps")


def test_a_file_too_few_or_too_many_is_noticed():
    assert "poet/training/loop.py" in needed("train") and "poet/generation/stream.py" not in needed("train")
    assert "poet/tracking/finished_runs.py" in needed("start_page") and "poet/progress.py" not in needed("start_page")


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_says_what_came_of_it(name):
    """A person who waited for it reads one line. Training says it where the last step is taken."""
    page = ROOT / ("poet/training/loop.py" if name == "train" else f"stages/{name}.py")
    calls = [node.func for node in ast.walk(ast.parse(page.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert "log" in [call.id for call in calls if isinstance(call, ast.Name)]


@pytest.mark.parametrize("name", STAGES)
def test_every_path_of_the_command_is_declared_and_used(name):
    stage = STAGES[name]
    words = shlex.split(stage["cmd"])
    assert words[:3] == ["python", "-m", f"stages.{name}"]
    given = {word for word in words[3:] if "/" in word}
    data = {path for path in paths(stage, "deps") if not path.startswith(("poet/", "stages/", "data/own", PARAMETER))}
    outputs = paths(stage, "outs", "metrics", "plots")

    def meet(one: str, others: set[str]) -> bool:
        """Whether `one` is among `others`; a folder stands for its files, either way."""
        return any(one.startswith(other) or other.startswith(one) for other in others)

    assert {path for path in data | outputs if not meet(path, given)} == set()
    assert {word for word in given if not meet(word, data | outputs)} == set()


@pytest.mark.parametrize("name", STAGES)
def test_a_path_that_a_parameter_names_is_a_dependency_where_the_parameter_is_one(name):
    """A stage reads such a path from params.yaml; DVC has to see both the name and what is there."""
    named = {
        path.removeprefix(PARAMETER).removesuffix("}")
        for path in paths(STAGES[name], "deps")
        if path.startswith(PARAMETER)
    }
    assert (named == {"init_from"}) == (name in ("tokenize", "train"))
    assert not named or {"train", "train.init_from"} & set(STAGES[name]["params"])


def sections_read(script: Path) -> set[str]:
    """The sections of params.yaml that a stage reads: attributes of what load_params returns, under any name."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    names = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "load_params(params)" in ast.unparse(node.value)
        for target, value in zip(_targets(node), _values(node), strict=True)
        if ast.unparse(value) == "load_params(params)"
    }
    names |= {
        argument.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
        if argument.annotation and ast.unparse(argument.annotation) == "Params"
    }
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {*names, "load_params(params)"}
    }
    return {"collections" if name == "collection" else name for name in read} - {"runtime"}


def _targets(node: ast.Assign) -> list:
    (target,) = node.targets
    return target.elts if isinstance(target, ast.Tuple) else [target]


def _values(node: ast.Assign) -> list:
    return node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]


@pytest.mark.parametrize("name", STAGES)
def test_parameters_are_narrow(name):
    settings = YAML(typ="safe").load(ROOT / "params.yaml")
    declared_params = {key.split(".")[0] for key in STAGES[name].get("params", [])}
    assert declared_params <= set(settings)
    read = sections_read(ROOT / "stages" / f"{name}.py")
    if name == "train":
        read -= {"split", "tokenize"}  # recorded in MLflow, but read from the tokens
    assert read <= declared_params
    # The report shows the whole recipe; poet.report.collection_page lists its sections.
    if name != "report":
        assert read == declared_params


def test_a_section_that_is_read_is_found(tmp_path):
    script = tmp_path / "stage.py"
    script.write_text("a, b = load_params(params), 1\nx = a.clean.drop\ny = load_params(params).split\nz = b.no\n")
    assert sections_read(script) == {"clean", "split"}


def test_nothing_disables_the_run_cache():
    for stage in STAGES.values():
        assert not stage.get("always_changed") and stage["deps"]
        for out in stage.get("outs", []):
            assert isinstance(out, str), "plain outputs are cached and never persistent"
        for item in stage.get("metrics", []) + stage.get("plots", []):
            assert next(iter(item.values()))["cache"] is False


def test_only_the_summaries_are_metrics():
    """DVC makes a column of every number in a metrics file, and hundreds of columns fit no screen."""
    assert {path for stage in STAGES.values() for path in paths(stage, "metrics")} == {"reports/summaries/${item}.json"}


def test_every_stage_of_a_collection_leaves_what_it_took_and_the_report_alone_reads_it():
    """All but the report itself, which cannot show what it took to make it, and the page beside it."""
    files = {
        name: f"reports/${{item}}/costs/{name}.json"
        for name, stage in PIPELINE.items()
        if "foreach" in stage and name not in ("page", "report")
    }
    assert len(files) == 9
    for name, file in files.items():
        words = shlex.split(STAGES[name]["cmd"])
        assert words[words.index("--cost") + 1] == file
        assert file in STAGES[name]["outs"], "a plain output: DVC keeps it, and git does not"
        assert [other for other, stage in STAGES.items() if file in paths(stage, "deps")] == ["report"]
    assert {name for name, stage in STAGES.items() if "--cost" in shlex.split(stage["cmd"])} == {*files}
    words = shlex.split(STAGES["report"]["cmd"])
    assert {f"{words[words.index('--costs') + 1]}/{name}.json" for name in files} == {*files.values()}


def test_every_curve_has_named_axes_and_a_template_that_is_there():
    plots = {
        path: options for stage in STAGES.values() for item in stage.get("plots", []) for path, options in item.items()
    }
    assert set(plots) == {"reports/${item}/history.csv", "reports/${item}/timing.csv"}
    for options in plots.values():
        assert {"x", "y", "x_label", "y_label", "title", "template"} <= set(options)
    assert (ROOT / ".dvc" / "plots" / f"{plots['reports/${item}/history.csv']['template']}.json").is_file()


def test_a_training_resumes_unless_its_code_changed():
    """The resume key takes the files that DVC compares, so both agree on what is another training."""
    assert sorted(CODE) == sorted(
        path for path in paths(STAGES["train"], "deps") if path.startswith(("poet/", "stages/"))
    )
