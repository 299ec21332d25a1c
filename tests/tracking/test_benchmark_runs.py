"""Benchmarks in a real MLflow store: a run for each device, no noisy figure, and no collection among collections."""

import json

import pytest

from poet.results.benchmark import Device
from poet.tracking.benchmark_runs import record_benchmark
from poet.tracking.experiment_page import BENCHMARK_METRICS, BENCHMARK_PARAMS, NOTE_TAG, VIEW_TAG, list_addresses
from poet.tracking.finished_runs import read_runs
from poet.tracking.publishing import publish_all
from poet.tracking.spool import identity_from_name
from tests.benchmark.figures import GPU, a_benchmark, a_row, some_machines
from tests.tracking.test_spool import runs, train


def test_each_device_is_a_run_with_its_figures(client, tmp_path):
    record_benchmark(tmp_path, "fast-server", some_machines()["fast-server"])
    found = {run.info.run_name: run for run in runs(client, "benchmark")}
    assert {*found} == {"fast-server cuda:0", "fast-server cpu"}
    gpu = found["fast-server cuda:0"]
    assert gpu.info.status == "FINISHED"
    assert gpu.data.metrics["default/seconds_per_iteration"] == 0.004
    assert gpu.data.metrics["71M/seconds_per_iteration"] == 0.041
    assert gpu.data.metrics["default/generated_per_second"] == 1005.0
    assert gpu.data.params["setting.precision"] == "bfloat16" and gpu.data.params["setting.compiled"] == "True"
    assert gpu.data.params["machine.torch"] == "2.13.0" and gpu.data.params["machine.cores"] == "2"
    tags = {key: gpu.data.tags[f"poet.{key}"] for key in ("machine", "device", "device_name", "measured_commit")}
    assert tags == {
        "machine": "fast-server",
        "device": "cuda:0",
        "device_name": "Fast GPU 80GB",
        "measured_commit": "abcdef0",
    }
    assert found["fast-server cpu"].data.metrics["default/seconds_per_iteration"] == 0.2
    assert "71M/seconds_per_iteration" not in found["fast-server cpu"].data.metrics


def test_noisy_and_other_rows_give_no_metric_and_the_note_says_why(client, tmp_path):
    rows = [
        a_row(noise=("busy ``` <b>",)),
        a_row("71M", None, reason="out of memory"),
        a_row("gpt2", as_trained=False),
        a_row("nanogpt", sweep="threads"),
        a_row("original", 0.5),
    ]
    record_benchmark(tmp_path, "laptop", a_benchmark(*rows))
    (run,) = runs(client, "benchmark")
    assert {name.partition("/")[0] for name in run.data.metrics} == {"original"}
    note = run.data.tags[NOTE_TAG]
    assert "default: noisy: busy ``` <b>" in note and "71M: out of memory" in note and note.count("````") == 2


def test_a_device_without_any_figure_is_recorded_too(client, tmp_path):
    record_benchmark(tmp_path, "laptop", a_benchmark(a_row(), devices=()))
    assert client.get_experiment_by_name("benchmark") is None, "a machine that knows no device"
    record_benchmark(tmp_path, "laptop", a_benchmark(devices=(Device(device="cpu", name="x"),)))
    (run,) = runs(client, "benchmark")
    assert run.data.metrics == {} and "setting.precision" not in run.data.params


@pytest.mark.parametrize("name", ["../../x", "a <b> 'quoted' \N{PILE OF POO}"])
def test_odd_names_arrive(client, tmp_path, name):
    record_benchmark(tmp_path, name, a_benchmark(a_row(name, 0.5, device_name=name)))
    (run,) = runs(client, "benchmark")
    assert run.data.tags["poet.machine"] == name and 0.5 in run.data.metrics.values()


def test_the_benchmarks_are_no_collection(client, tmp_path):
    train(tmp_path, {1: 3.0}, model="abc")
    record_benchmark(tmp_path, "laptop", a_benchmark(a_row()))
    assert {*read_runs(tmp_path)} == {"shelf"} and read_runs(tmp_path, "benchmark") == {}
    assert {*list_addresses(client)} == {"shelf", "benchmark"}, "poet ui leads to them"
    # Nor does a damaged record make them one.
    assert identity_from_name(tmp_path / "benchmark.benchmark.unknown.0123.jsonl").model_sha256 == ""


def test_the_experiment_has_a_note_and_columns_of_its_own(client, tmp_path):
    record_benchmark(tmp_path, "laptop", a_benchmark(a_row(), a_row("71M", 2.0)))
    experiment = client.get_experiment_by_name("benchmark")
    assert "team's machines" in experiment.tags[NOTE_TAG]
    columns = json.loads(experiment.tags[VIEW_TAG])["selectedColumns"]
    assert columns == [
        *(f"metrics.`{name}`" for name in BENCHMARK_METRICS),
        *(f"params.`{name}`" for name in BENCHMARK_PARAMS),
    ]
    # The list has no empty column: a run has what the columns name.
    (run,) = runs(client, "benchmark")
    assert {*BENCHMARK_METRICS} <= {*run.data.metrics} and {*BENCHMARK_PARAMS} <= {*run.data.params}


def test_a_store_that_does_not_answer_stops_nothing(client, tmp_path, monkeypatch, capsys):
    store = (tmp_path / "store.db").read_bytes()
    (tmp_path / "store.db").write_bytes(b"not a database" * 500)
    record_benchmark(tmp_path, "server", a_benchmark(a_row(), a_row(**GPU)))
    assert "damaged or no database" in capsys.readouterr().err
    (tmp_path / "store.db").write_bytes(store)
    assert publish_all(tmp_path) == (2, 0, None)
    assert len(runs(client, "benchmark")) == 2
