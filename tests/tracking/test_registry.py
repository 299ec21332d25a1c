"""Registering on a real MLflow store, also where a request fails: no version without files, no alias on one."""

from pathlib import Path

import pytest

from poet.errors import PoetError
from poet.tracking.registry import CANDIDATE, alias, register, registry, versions
from poet.tracking.run import tracking

FILES = {"MLmodel": "a model", "artifacts/model/weights": "0123", "code/poet/a.py": "pass\n"}


def write(out):
    """An MLflow model as the registry sees it: a folder of files."""
    for name, text in FILES.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")


def train(root, *digests):
    for digest in digests:
        with tracking(root, "shelf", "train") as tracker:
            tracker.tags({"poet.model_sha256": digest})


def stored(client, number):
    """The files of a version in the store, with their texts."""
    folder = client.get_model_version_download_uri("shelf", str(number)).removeprefix("file://")
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


class Failing:
    """A client whose request number `nth` fails, before or after it took effect."""

    def __init__(self, client, nth, after):
        self.client, self.left, self.after = client, nth, after

    def __getattr__(self, name):
        method = getattr(self.client, name)

        def call(*args, **options):
            from mlflow.exceptions import MlflowException

            self.left -= 1
            if self.left == 0 and not self.after:
                raise MlflowException("the server failed")
            result = method(*args, **options)
            if self.left == 0:
                raise MlflowException("the reply got lost")
            return result

        return call


def test_a_model_is_registered_once_with_its_run_and_becomes_the_candidate(client, tmp_path):
    train(tmp_path, "abc", "def")
    with registry(tmp_path) as opened:
        first, is_new = register(opened, "shelf", "abc", write, has_index=True)
        assert (first.number, is_new, first.has_index) == (1, True, True)
        assert client.get_run(first.run_id).data.tags["poet.model_sha256"] == "abc"
        assert stored(client, 1) == FILES
        assert register(opened, "shelf", "def", write, has_index=True)[0].number == 2
        assert alias(opened, "shelf", CANDIDATE) == 2
        assert register(opened, "shelf", "abc", write, has_index=True) == (first, False)
        # A version with an index serves whoever wants none; the other way round it is another version.
        assert register(opened, "shelf", "abc", write, has_index=False) == (first, False)
        assert [one.number for one in versions(opened, "shelf")] == [2, 1]
    (output,) = client.get_run(first.run_id).outputs.model_outputs
    assert client.get_logged_model(output.model_id).status == "READY"


def test_a_model_without_a_run_says_how_it_gets_one(client, tmp_path):
    with registry(tmp_path) as opened:
        with pytest.raises(PoetError, match=r"model abcdefab of shelf(?s:.*)--single-item evaluate@shelf"):
            register(opened, "shelf", "abcdefabcdef", write, has_index=True)
        train(tmp_path, "other")
        with pytest.raises(PoetError, match="no run of the model"):
            register(opened, "shelf", "abcdefabcdef", write, has_index=True)


def test_without_a_database_none_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(PoetError, match="nothing was recorded yet"), registry(tmp_path):
        pass
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_failure_at_any_request_leaves_no_version_without_files_and_the_next_attempt_ends_well(
    client, tmp_path, after
):
    train(tmp_path, "abc")
    with registry(tmp_path) as opened:
        pass

    def assert_complete():
        for one in versions(opened, "shelf"):
            assert stored(client, one.number) == FILES
            # `mlflow gc` would remove the files of a model that is deleted.
            source = client.get_model_version("shelf", str(one.number)).source
            assert client.get_logged_model(source.removeprefix("models:/")).status == "READY"

    for nth in range(1, 40):
        failing = Failing(opened, nth, after)
        try:
            with registry(tmp_path):
                register(failing, "shelf", "abc", write, has_index=True)
            if failing.left > 0:
                break
        except PoetError as error:
            assert "the server failed" in error.message or "the reply got lost" in error.message
        assert_complete()
        register(opened, "shelf", "abc", write, has_index=True)
        assert_complete()
        assert alias(opened, "shelf", CANDIDATE) == max(one.number for one in versions(opened, "shelf")) == 1
        client.delete_registered_model("shelf")
    assert nth > 14, "every request failed once"


def test_files_that_the_store_lacks_register_nothing(client, tmp_path, monkeypatch):
    """A proxy in between may answer 200 for a file that nobody stored."""
    train(tmp_path, "abc")
    with registry(tmp_path) as opened:
        monkeypatch.setattr(opened, "log_model_artifacts", lambda model_id, folder: None)
        with pytest.raises(PoetError, match="lacks 3 of its files, first MLmodel"):
            register(opened, "shelf", "abc", write, has_index=True)
        assert versions(opened, "shelf") == []
        assert client.search_logged_models(["1"]) == [], "what is not complete is deleted"
