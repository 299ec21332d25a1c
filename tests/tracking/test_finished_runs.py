"""Runs are read back from a real MLflow store, and a store that does not answer stops nothing."""

import datetime

import pytest
from mlflow import MlflowClient

from poet.errors import Interrupted
from poet.tracking.finished_runs import FinishedRun, comparable_runs, finished_runs
from poet.tracking.run import tracking


def test_finished_runs_are_read_back_one_for_each_model(client, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
        assert finished_runs(tmp_path, "shelf") == []
        assert not (tmp_path / "none.db").exists(), "asking makes no database"
    for digest, steps in (("abc", 3), ("def", 4), ("abc", 3)):
        with tracking(tmp_path, "shelf", "train") as tracker:
            tracker.params(train={"steps": steps})
            tracker.tags({"poet.model_sha256": digest})
        if len(finished_runs(tmp_path, "shelf")) == steps - 2:  # a model that DVC knows is not evaluated again
            with tracking(tmp_path, "shelf", "evaluate", digest) as tracker:
                # The first one has the name of the older versions.
                tracker.metrics(0, {f"evaluation{'.' if steps == 3 else '/'}bits_per_character": float(steps)})
    with pytest.raises(Interrupted), tracking(tmp_path, "shelf", "train"):
        raise Interrupted("stopped")
    found = finished_runs(tmp_path, "shelf")
    assert [(run.model_sha256, run.params["train.steps"]) for run in found] == [("abc", "3"), ("def", "4")]
    assert [run.metrics["evaluation/bits_per_character"] for run in found] == [3.0, 4.0]
    assert finished_runs(tmp_path, "other") == []
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert finished_runs(tmp_path, "shelf") == []
    assert "did not list its runs" in capsys.readouterr().err


def test_a_run_knows_its_day_and_its_text(client, tmp_path):
    """Two tokenizers give different hashes of tokens. The size of the text is the same."""
    from mlflow.entities import Dataset, DatasetInput

    for digest in ("abc", "def", "ghi"):
        with tracking(tmp_path, "shelf", "train") as tracker:
            tracker.params(train={"seed": digest})
            tracker.tags({"poet.model_sha256": digest})
    runs = {run.data.tags["poet.model_sha256"]: run.info.run_id for run in client.search_runs(["1"])}
    for digest, profile in (("abc", '{"books": 37, "characters": 4384268, "tokens": 7}'), ("def", "what others write")):
        dataset = Dataset(name="shelf", digest=digest, source_type="poet", source="{}", profile=profile)
        client.log_inputs(runs[digest], datasets=[DatasetInput(dataset, [])])
    found = {run.model_sha256: run for run in finished_runs(tmp_path, "shelf")}
    assert [found[digest].text for digest in ("abc", "def", "ghi")] == ["37 books, 4,384,268 characters", "", ""]
    started = client.get_run(runs["abc"]).info.start_time / 1000
    assert found["abc"].day == datetime.datetime.fromtimestamp(started, datetime.UTC).date().isoformat()


def test_a_run_without_inputs_does_not_empty_the_list(client, tmp_path, monkeypatch):
    """A server older than datasets sends runs without them; MLflow's client then gives None for the inputs."""
    for digest in ("abc", "def"):
        with tracking(tmp_path, "shelf", "train") as tracker:
            tracker.tags({"poet.model_sha256": digest})
    search = MlflowClient.search_runs

    def of_an_older_server(self, *args, **options):
        found = search(self, *args, **options)
        found[0]._inputs = None
        return found

    monkeypatch.setattr(MlflowClient, "search_runs", of_an_older_server)
    assert [(run.text, run.data_sha256) for run in finished_runs(tmp_path, "shelf")] == [("", "")] * 2


def test_runs_on_other_books_or_another_split_are_not_comparable():
    def run(name, text, validation="0.1"):
        return FinishedRun(name=name, model_sha256=name, params={"split.validation": validation}, metrics={}, text=text)

    own, same = run("own", "3 books"), run("same", "3 books")
    listed = [run("fewer", "2 books"), same, own, run("split", "3 books", "0.2")]
    assert comparable_runs(listed, "own") == [same]
    assert comparable_runs(listed, "unknown") == []
