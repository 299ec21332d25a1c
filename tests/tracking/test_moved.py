"""A project with a real MLflow database is moved, copied, or reached by another name: its artifacts are still found."""

import shutil
from pathlib import Path

import pytest
from mlflow.tracking._tracking_service import utils
from mlflow.utils.file_utils import local_file_uri_to_path

from poet.tracking.mlflow_store import mlflow_client
from poet.tracking.registry import register, registry
from poet.tracking.run import tracking


@pytest.fixture
def project(tmp_path, monkeypatch, empty_store):
    """A project with one run, which has one artifact."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / "old place"
    root.mkdir()
    shutil.copy(empty_store, root / "mlflow.db")
    with tracking(root, "shelf", "train") as tracker:
        tracker.text("samples/a.txt", "To be")
        tracker.tags({"poet.model_sha256": "abc"})
    return root


def artifact(root: Path) -> Path:
    """Where MLflow has the artifact of the run in the project `root`, as a new process sees it."""
    utils._artifact_repos_cache.clear()
    client = mlflow_client(root)
    (run,) = client.search_runs([client.get_experiment_by_name("shelf").experiment_id])
    assert Path(client.download_artifacts(run.info.run_id, "samples/a.txt")).read_text(encoding="utf-8") == "To be"
    return Path(local_file_uri_to_path(run.info.artifact_uri)) / "samples" / "a.txt"


@pytest.mark.parametrize("way", [shutil.move, shutil.copytree])
def test_a_project_in_another_folder_has_its_artifacts_there(way, project):
    new = project.with_name("new & place 100%41")
    way(project, new)
    assert artifact(new).is_relative_to(new)
    # What comes later goes to the new folder too, and the old one does not come back.
    with tracking(new, "shelf", "sample", "abc") as tracker:
        tracker.text("b.txt", "or not")
    assert len([*new.rglob("b.txt")]) == 1
    assert project.exists() == (way is shutil.copytree) and not [*project.rglob("b.txt")]


def test_a_folder_with_a_second_name_and_a_database_elsewhere_stay_as_they_are(project, monkeypatch, tmp_path):
    place = artifact(project)
    (tmp_path / "link").symlink_to(project)
    assert artifact(tmp_path / "link") == place
    # Only the database moves: its artifacts are where they were.
    other = tmp_path / "other"
    other.mkdir()
    (project / "mlflow.db").rename(other / "mlflow.db")
    assert artifact(other) == place
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{other}/mlflow.db")
    assert artifact(project) == place


def test_a_registered_model_moves_with_the_project(project):
    def write(out: Path) -> None:
        out.mkdir()
        (out / "MLmodel").write_text("a model", encoding="utf-8")

    with registry(project) as client:
        register(client, "shelf", "abc", write, has_index=False)
    new = project.with_name("new place")
    shutil.move(project, new)
    utils._artifact_repos_cache.clear()
    with registry(new) as client:
        place = Path(local_file_uri_to_path(client.get_model_version_download_uri("shelf", "1")))
    assert place.is_relative_to(new) and (place / "MLmodel").is_file()
