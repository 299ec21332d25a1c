"""Where MLflow is, and what its faults are called: addresses, passwords, versions, what somebody deleted."""

import contextlib
import sqlite3
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import RestException

from poet.tracking.address import client_uri, configured_uri, tracking_uri, without_secrets
from poet.tracking.faults import explain
from poet.tracking.finished_runs import finished_runs
from poet.tracking.publishing import publish_all
from poet.tracking.run import tracking
from tests.tracking.test_spool import losses, runs, train


@pytest.mark.parametrize("name", ["what? 100%41 #poems", "Bücher für Kinder", "two  blanks & a+b=c", "qu'ote"])
def test_the_database_of_a_folder_with_any_name_is_in_that_folder(name, tmp_path, monkeypatch, empty_store):
    root = tmp_path / name
    root.mkdir()
    (root / "mlflow.db").write_bytes(empty_store.read_bytes())
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(root)
    with tracking(root, "shelf", "train") as tracker:
        tracker.metrics(1, {"loss": 3.0})
        tracker.text("a.txt", "To be")
        tracker.tags({"poet.model_sha256": "abc"})
    assert [run.model_sha256 for run in finished_runs(root, "shelf")] == ["abc"]
    assert [path.name for path in tmp_path.iterdir()] == [name]
    client = MlflowClient(tracking_uri=configured_uri(root))
    (run,) = runs(client)
    assert losses(client, run) == [(1, 3.0)]
    assert Path(client.download_artifacts(run.info.run_id, "a.txt")).read_text(encoding="utf-8") == "To be"
    assert len([*(root / "mlartifacts").rglob("a.txt")]) == 1
    assert tracking_uri(root) == f"sqlite:///{root}/mlflow.db"


def test_an_address_is_shown_without_user_password_and_options(tmp_path, monkeypatch):
    secret = "postgresql://ada:s3cr%20et@db.lab/poems?password=s3cr%20et"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", secret)
    assert tracking_uri(tmp_path) == "postgresql://db.lab/poems"
    shown = without_secrets(f"could not connect\n to {secret} with 's3cr et' or s3cr%20et", tmp_path)
    assert "s3cr" not in shown and "ada" not in shown and "\n" not in shown
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ada:s3cr%20et@mlflow.lab/team")
    assert client_uri(tmp_path) == "https://mlflow.lab/team"
    assert tracking_uri(tmp_path) == "https://mlflow.lab/team"


def test_a_password_reaches_no_line_and_no_file(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ada:s3cret@127.0.0.1:1")
    train(tmp_path, {1: 3.0})
    finished_runs(tmp_path, "shelf")
    printed = "".join(capfd.readouterr())
    assert "does not take records" in printed and "did not list its runs" in printed
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "s3cret" not in printed and b"s3cret" not in written and b"ada" not in written


@pytest.mark.parametrize(
    ("revision", "cure"),
    [
        ("f00df00df00d", "was written by a newer MLflow than the installed"),
        ("728d730b5ebd", "is from an older MLflow than the installed"),
    ],
)
def test_a_database_of_another_version_is_named_with_the_right_cure(
    tmp_path, revision, cure, capsys, monkeypatch, empty_store
):
    (tmp_path / "store.db").write_bytes(empty_store.read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", [revision])
    train(tmp_path, {1: 3.0})
    assert finished_runs(tmp_path, "shelf") == []
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all(cure in line and mlflow.__version__ in line for line in lines)
    wanted = "pip install --upgrade mlflow" if "newer" in cure else f"mlflow db upgrade 'sqlite:///{tmp_path}/store.db'"
    assert wanted in lines[0]


def test_what_is_no_database_is_named(client, tmp_path, capsys):
    (tmp_path / "store.db").write_bytes(b"not a database" * 500)
    train(tmp_path, {1: 3.0})
    (line,) = capsys.readouterr().err.splitlines()
    assert "is damaged or no database. Move the file away" in line


def test_a_deleted_experiment_is_named_and_restored(client, tmp_path, capsys):
    train(tmp_path, {1: 3.0})
    experiment = client.get_experiment_by_name("shelf").experiment_id
    client.delete_experiment(experiment)
    train(tmp_path, {1: 2.0})
    train(tmp_path, {1: 9.0}, collection="other")
    lines = capsys.readouterr().err.splitlines()
    assert f"Its experiment {experiment} was deleted in MLflow." in lines[0]
    assert f"mlflow experiments restore --experiment-id {experiment}" in lines[0]
    assert len(runs(client, "other")) == 1, "the others are sent"
    client.restore_experiment(experiment)
    assert publish_all(tmp_path) == (3, 0, None)
    assert len(runs(client)) == 2


def test_a_deleted_run_is_named(client, tmp_path, capsys):
    name = train(tmp_path, {1: 3.0}, stop=True)
    (run,) = runs(client)
    client.delete_run(run.info.run_id)
    train(tmp_path, {2: 2.0}, resume=name)
    (line,) = capsys.readouterr().err.splitlines()
    assert f"mlflow runs restore --run-id {run.info.run_id}" in line


def test_a_database_that_was_removed_gets_the_whole_run_again(client, tmp_path, empty_store):
    name = train(tmp_path, {1: 3.0}, stop=True)
    (tmp_path / "store.db").write_bytes(empty_store.read_bytes())
    train(tmp_path, {2: 2.0}, resume=name)
    (run,) = runs(client)
    assert losses(client, run) == [(1, 3.0), (2, 2.0)]


def test_a_run_that_began_in_another_store_is_whole_in_the_new_one(client, tmp_path, empty_store, monkeypatch):
    name = train(tmp_path, {1: 3.0}, stop=True)
    (tmp_path / "new.db").write_bytes(empty_store.read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/new.db")
    train(tmp_path, {2: 2.0}, resume=name)
    new = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/new.db")
    (run,) = runs(new)
    assert losses(new, run) == [(1, 3.0), (2, 2.0)]


@pytest.mark.parametrize(
    ("code", "message", "cause"),
    [
        ("UNAUTHENTICATED", "You are not authenticated.", "wants another user or password"),
        ("PERMISSION_DENIED", "Permission denied", "does not let this user do that"),
        ("PERMISSION_DENIED", "Invalid Host header - possible DNS rebinding", "does not answer to the name m.lab:5000"),
    ],
)
def test_a_server_that_refuses_is_said_to_do_so_for_the_right_reason(code, message, cause, tmp_path, monkeypatch):
    """As a team's server answers; tests/team/test_tracking_server.py asks a real one."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ada:s3cret@m.lab:5000/path")
    problem = explain(RestException({"error_code": code, "message": message}), tmp_path)
    assert cause in problem.text and problem.is_servers and "s3cret" not in problem.text


def test_what_hinders_all_executions_is_said_once(tmp_path, monkeypatch, capsys):
    """An earlier execution waits already; the next one meets the same fault."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    train(tmp_path, {1: 3.0})
    capsys.readouterr()
    train(tmp_path, {1: 2.0})
    assert capsys.readouterr().err.count("does not take records") == 1


def test_publishing_takes_along_what_another_mlflow_has_and_a_stage_does_not(tmp_path, monkeypatch, empty_store):
    """As when a person moves to a team's server."""
    for name in ("own", "team"):
        (tmp_path / f"{name}.db").write_bytes(empty_store.read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/own.db")
    train(tmp_path, {1: 3.0})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/team.db")
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/team.db")
    train(tmp_path, {1: 2.0})
    assert [losses(client, run) for run in runs(client)] == [[(1, 2.0)]]
    for _ in range(2):
        assert publish_all(tmp_path, from_elsewhere=True) == (2, 0, None)
        assert sorted(losses(client, run) for run in runs(client)) == [[(1, 2.0)], [(1, 3.0)]]
