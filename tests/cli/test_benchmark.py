"""`poet benchmark`: the table, the file, and machines without a project."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from poet.benchmark import plan
from poet.cli import main
from poet.results.benchmark import read_saved
from poet.tracking.mlflow_store import mlflow_client
from tests.benchmark.test_plan import MACHINE, timed
from tests.clone import ROOT


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """An empty folder, in which everything that is timed takes a second at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("poet.device.machine.describe_machine", lambda commit: MACHINE)
    monkeypatch.setattr(plan.Case, "expected_seconds", lambda self, rates: 0.0)
    monkeypatch.setattr(
        plan,
        "measure",
        lambda model, setting, rates, sweep="": timed(plan.Case(model=model, setting=setting, sweep=sweep)),
    )


def run(*arguments):
    return CliRunner().invoke(main, ["benchmark", *arguments])


def test_the_table_names_machine_models_and_what_is_absent(quick):
    result = run("--minutes", "1")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "a-4-cores: a processor, 4 cores, torch 2"
    assert lines[1].split()[:4] == ["model", "device", "precision", "compiled"] and lines[2].startswith("default*")
    assert (
        "not measured: default, batch 16, mps float32" in result.stdout
        and "fastest batch: 1 sequences" in result.stdout
    )
    assert not list(Path().iterdir()), "nothing is kept unless it is asked for"


def test_figures_are_saved_and_their_name_stays(quick):
    assert run("--minutes", "1", "--save", "--name", "lab-server").exit_code == 0
    result = run("--minutes", "1", "--save", "--json")
    assert list(json.loads(result.stdout)) == ["lab-server"] == list(read_saved(Path("reports/benchmarks")))
    assert "reports/benchmarks/lab-server.json" in result.stderr.replace("\n", "")


def test_a_bad_name_measures_nothing(quick, monkeypatch):
    monkeypatch.setattr(plan, "measure", None)
    result = run("--save", "--name", "../x")
    assert result.exit_code == 1 and "--name '../x' cannot be the name of a file" in result.stderr


def test_options_that_contradict_each_other_are_refused(quick):
    assert run("--compare", "a", "b", "--save").exit_code == 2 and run("--minutes", "nan").exit_code == 2


def test_figures_are_not_lost_to_a_run_that_had_no_time(quick, monkeypatch):
    assert run("--minutes", "1", "--save", "--name", "lab-server").exit_code == 0
    saved = Path("reports/benchmarks/lab-server.json").read_bytes()
    monkeypatch.setattr(plan.Case, "expected_seconds", lambda self, rates: 1e9)
    result = run("--minutes", "1", "--save")
    assert result.exit_code == 1 and "nothing was measured within 1 minutes, so nothing is saved" in result.stderr
    assert Path("reports/benchmarks/lab-server.json").read_bytes() == saved


def test_what_the_budget_left_out_is_one_line(quick, monkeypatch):
    monkeypatch.setattr(plan.Case, "expected_seconds", lambda self, rates: 1e9)
    result = run("--minutes", "1")
    [line] = [line for line in result.stdout.splitlines() if line.startswith("no time left")]
    assert "more cases (default, 71M, original, nanogpt, gpt2); poet benchmark --minutes 10 takes longer" in line


def test_two_machines_stand_side_by_side(quick):
    for name in ("one", "other"):
        assert run("--minutes", "1", "--save", "--name", name).exit_code == 0
    result = run("--compare", "one", "other")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1].split()[-1] == "1.00" and "as long other takes as one" in result.stdout
    rows = json.loads(run("--compare", "one", "other", "--json").stdout)
    assert rows[0]["model"] == "default" and rows[0]["ratio"] == 1.0
    result = run("--compare", "one", "othr")
    assert result.exit_code == 1 and "did you mean 'other'?" in result.stderr


def test_saved_figures_are_runs_in_mlflow(quick, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    assert run("--minutes", "1", "--save", "--name", "lab-server").exit_code == 0
    [found] = mlflow_client(tmp_path).search_runs([
        mlflow_client(tmp_path).get_experiment_by_name("benchmark").experiment_id
    ])
    assert found.info.run_name == "lab-server cpu" and found.data.metrics["default/seconds_per_iteration"] == 1.0


@pytest.mark.slow
def test_the_installed_package_is_enough(tmp_path):
    """The wheel in a folder of its own, run from an empty folder: no project, no params.yaml, no git."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path / "wheel"), str(ROOT)]
    subprocess.run(wheel, check=True)
    [package] = (tmp_path / "wheel").iterdir()
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(installed), str(package)], check=True)
    empty.mkdir()
    program = [sys.executable, "-P", "-c", "from poet.cli import main; main()"]
    environment = {"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*program, "benchmark", "--minutes", "0.6", "--save"],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [(name, found)] = read_saved(empty / "reports" / "benchmarks").items()
    assert name in done.stdout and found.rows[0].model == "default" and found.machine.commit.startswith("version ")
