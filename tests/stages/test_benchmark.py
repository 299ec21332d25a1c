"""The stage on a machine with all kinds of device, made up: what they are called and how they compute reaches all."""

import dataclasses
import json

import pytest
import torch
from click.testing import CliRunner
from lxml import html

from poet.benchmark import plan as planning
from poet.benchmark.plan import Case
from poet.results.benchmark import read_benchmarks
from poet.tracking.mlflow_store import mlflow_client
from stages import benchmark as stage
from tests.benchmark.test_plan import GPU, MACHINE, METAL, timed
from tests.clone import ROOT
from tests.report.shelf import made_up_results
from tests.report.test_collection_page import page_of

PRECISIONS = {"cuda": torch.bfloat16, "mps": torch.float32, "cpu": torch.float32}


@pytest.fixture
def figures(monkeypatch, tmp_path):
    """The file of the stage; on the Mac's GPU the memory ends in the middle."""

    def measure(model, setting, rates, sweep=""):
        if setting.device == METAL:
            raise torch.OutOfMemoryError("MPS backend out of memory")
        return timed(Case(model=model, setting=setting, sweep=sweep))

    machine = dataclasses.replace(MACHINE, devices=(GPU, METAL, *MACHINE.devices))
    monkeypatch.setattr(stage, "describe_machine", lambda commit: machine)
    monkeypatch.setattr(planning, "measure", measure)
    monkeypatch.setattr(planning, "present_devices", lambda: ["cuda", "mps", "cpu"])
    monkeypatch.setattr(planning, "pick_precision", lambda name, device: PRECISIONS[device.type])
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")  # a C++ compiler
    monkeypatch.setattr(Case, "expected_seconds", lambda self, rates: 0.0)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    out = tmp_path / "benchmark.json"
    result = CliRunner().invoke(stage.main, ["--params", str(ROOT / "params.yaml"), "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out


def test_names_precisions_and_compiling_reach_json_page_and_mlflow(figures, tmp_path):
    # JSON, under the name of the machine, which is that of its GPU.
    assert list(json.loads(figures.read_text(encoding="utf-8"))) == ["a-card"]
    [found] = read_benchmarks(figures).values()
    usual = [row for row in found.rows if row.model == "default" and row.as_trained]
    assert [(row.device_name, row.precision, row.compiled, row.reason) for row in usual] == [
        ("A card", "bfloat16", True, ""),
        ("A chip GPU", "float32", False, "not enough memory: MPS backend out of memory"),
        ("a processor", "float32", True, ""),
    ]

    # The page.
    results = dataclasses.replace(made_up_results(samples=0), benchmark=read_benchmarks(figures), machines={})
    text = html.fromstring(page_of(results)).get_element_by_id("speed").text_content()
    for word in ("A card", "bfloat16, compiled", "A chip GPU", "MPS backend out of memory", "a-card"):
        assert word in text, word

    # MLflow: a run for each device, and no figure of the one that failed.
    client = mlflow_client(tmp_path)
    runs = client.search_runs([client.get_experiment_by_name("benchmark").experiment_id])
    by_name = {run.info.run_name: run.data for run in runs}
    assert set(by_name) == {"a-card cuda:0", "a-card mps", "a-card cpu"}
    assert by_name["a-card cuda:0"].tags["poet.device_name"] == "A card"
    assert by_name["a-card cuda:0"].params["setting.precision"] == "bfloat16"
    assert by_name["a-card cuda:0"].params["setting.compiled"].lower() in ("true", "yes")
    assert by_name["a-card cuda:0"].metrics["default/seconds_per_iteration"] == 1.0
    assert not by_name["a-card mps"].metrics
