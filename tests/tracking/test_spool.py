"""Tracking against a real MLflow store, and against one that is not there."""

import json

import pytest

from poet.errors import Interrupted
from poet.tracking.run import tracking
from poet.tracking.spool import publish_all


def runs(client):
    return client.search_runs([client.get_experiment_by_name("shelf").experiment_id])


def losses(client, run):
    return [(metric.step, metric.value) for metric in client.get_metric_history(run.info.run_id, "loss")]


def test_what_is_recorded_arrives(client, tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_EXP_NAME", "warm-owl")
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.params(train={"steps": 3})
        for step in range(1, 4):
            tracker.metrics(step, {"loss": 1 / step})
        tracker.text("samples/a.txt", "To be")
        tracker.tags({"poet.model_sha256": "abc"})
    (run,) = runs(client)
    assert (run.info.run_name, run.info.status) == ("warm-owl", "FINISHED")
    assert run.data.params == {"train.steps": "3"}
    assert losses(client, run) == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert [item.path for item in client.list_artifacts(run.info.run_id, "samples")] == ["samples/a.txt"]


def test_later_stages_attach_to_the_run_of_the_model(client, tmp_path):
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.tags({"poet.model_sha256": "abc"})
    with tracking(tmp_path, "shelf", "evaluate", "abc") as tracker:
        tracker.metrics(0, {"bits": 2.0})
    (run,) = runs(client)
    assert run.data.metrics == {"bits": 2.0}


def test_a_model_from_elsewhere_gets_a_run(client, tmp_path):
    with tracking(tmp_path, "shelf", "evaluate", "abc") as tracker:
        tracker.metrics(0, {"bits": 2.0})
    with tracking(tmp_path, "shelf", "sample", "abc") as tracker:
        tracker.text("a.txt", "x")
    (run,) = runs(client)
    assert run.data.tags["poet.model_sha256"] == "abc" and run.info.status == "FINISHED"


def test_an_interrupted_run_goes_on_without_repeating_itself(client, tmp_path):
    with pytest.raises(Interrupted), tracking(tmp_path, "shelf", "train") as tracker:
        tracker.metrics(1, {"loss": 3.0})
        tracker.metrics(2, {"loss": 2.0})
        raise Interrupted("stop")
    assert [run.info.status for run in runs(client)] == ["KILLED"]
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.resume(1)  # the last snapshot was older than the last record
        tracker.metrics(2, {"loss": 2.0})
        tracker.metrics(3, {"loss": 1.0})
    (run,) = runs(client)
    assert run.info.status == "FINISHED"
    assert losses(client, run) == [(1, 3.0), (2, 2.0), (3, 1.0)]


def test_a_training_from_the_start_is_another_run(client, tmp_path):
    for _ in range(2):
        with tracking(tmp_path, "shelf", "train") as tracker:
            tracker.metrics(1, {"loss": 3.0})
    assert [losses(client, run) for run in runs(client)] == [[(1, 3.0)]] * 2


def test_an_outage_stops_nothing_and_publish_catches_up(client, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
        with tracking(tmp_path, "shelf", "train") as tracker:
            tracker.metrics(1, {"loss": 3.0})
            tracker.flush()
            tracker.metrics(2, {"loss": 2.0})
            tracker.tags({"poet.model_sha256": "abc"})
        assert publish_all(tmp_path) == (1, 1)
    assert "does not take records" in capsys.readouterr().err
    assert publish_all(tmp_path) == (1, 0)
    assert publish_all(tmp_path) == (1, 0)
    (run,) = runs(client)
    assert losses(client, run) == [(1, 3.0), (2, 2.0)]


def test_a_record_that_a_crash_cut_short_is_left_out(client, tmp_path):
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.metrics(1, {"loss": 3.0})
    (spool,) = (tmp_path / ".poet" / "spool").glob("*.jsonl")
    with spool.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"metrics": {"loss": 1.0}, "step": 2, "time": 0})[:-5])
    assert publish_all(tmp_path) == (1, 0)
    assert losses(client, runs(client)[0]) == [(1, 3.0)]
