"""Every execution one run and every point once, with a real MLflow server and faults of the network before it."""

import subprocess
import sys
import textwrap
import time
from collections import Counter

import pytest
from mlflow import MlflowClient

from poet.tracking.publishing import publish_all
from poet.tracking.run import tracking
from tests.clone import ROOT
from tests.tracking import faults
from tests.tracking.test_spool import losses, runs

pytestmark = pytest.mark.slow

POINTS = 1500  # two batches

# The requests of a training in their order: what may fail.
REQUESTS = ("experiments/create", "runs/create", "runs/log-batch", "artifacts/", "runs/update", "runs/search")
FAULTS = (
    faults.fails, faults.loses_the_reply, faults.accepts_and_fails, faults.answers_a_page, faults.hangs,
)  # fmt: skip


def record(root, name):
    """A training with a text, and an evaluation of its model; returns what must arrive of the losses."""
    with tracking(root, name, "train") as tracker:
        tracker.start("a" * 16)
        tracker.params(train={"steps": POINTS})
        for step in range(POINTS):
            tracker.metrics(step, {"loss": 1 / (step + 1)})
        tracker.text("a.txt", "To be")
        tracker.tags({"poet.model_sha256": f"model-{name}"})
    with tracking(root, name, "evaluate", f"model-{name}") as tracker:
        tracker.metrics(0, {"bits": 2.0})
    return [(step, 1 / (step + 1)) for step in range(POINTS)]


def assert_one_run(client, name, expected):
    (run,) = runs(client, name)
    assert run.info.status == "FINISHED"
    assert losses(client, run) == expected
    assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["a.txt"]
    assert [metric.value for metric in client.get_metric_history(run.info.run_id, "bits")] == [2.0]
    assert run.data.params == {"train.steps": str(POINTS)}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_at_every_request_makes_no_second_run_and_no_second_point(
    fault, server, proxy, tmp_path, capsys, monkeypatch
):
    if fault is faults.hangs:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    # Twice for each, because MLflow tries most of them again by itself.
    proxy.faults = [(request, fault) for request in REQUESTS for _ in range(2)]
    expected = record(tmp_path, fault.__name__)
    for _ in range(2 * len(REQUESTS)):
        if publish_all(tmp_path) == (2, 0, None):
            break
    # Each request met its fault at least once. A request that took effect is not made again: the run was found.
    left = Counter(request for request, _ in proxy.faults)
    assert all(left[request] < 2 for request in REQUESTS), left
    proxy.faults = []
    assert_one_run(MlflowClient(tracking_uri=server), fault.__name__, expected)
    assert all(len(line) < 700 for line in capsys.readouterr().err.splitlines()), "no whole page is printed"


def test_a_server_that_comes_back_between_the_stages_has_one_run(server, proxy, tmp_path):
    proxy.faults = [("", faults.fails)] * 10
    with tracking(tmp_path, "back", "train") as tracker:
        tracker.metrics(1, {"loss": 3.0})
        tracker.tags({"poet.model_sha256": "model-back"})
    proxy.faults = []
    with tracking(tmp_path, "back", "evaluate", "model-back") as tracker:
        tracker.metrics(0, {"bits": 2.0})
    (run,) = runs(MlflowClient(tracking_uri=server), "back")
    assert run.data.metrics == {"loss": 3.0, "bits": 2.0}


def test_a_server_that_fails_in_the_middle_of_the_training_keeps_the_evaluation_waiting(server, proxy, tmp_path):
    with tracking(tmp_path, "middle", "train") as tracker:
        tracker.metrics(1, {"loss": 3.0})
        tracker.tags({"poet.model_sha256": "model-middle"})
        proxy.faults = [("runs/log-batch", faults.fails)] * 4
    with tracking(tmp_path, "middle", "evaluate", "model-middle") as tracker:
        tracker.metrics(0, {"bits": 2.0})
    client = MlflowClient(tracking_uri=server)
    assert publish_all(tmp_path) == (2, 0, None)
    (run,) = runs(client, "middle")
    assert run.data.metrics == {"loss": 3.0, "bits": 2.0}


def test_a_request_that_is_served_after_it_was_given_up_leaves_no_twin(server, proxy, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")

    def served_late(path, ask):
        time.sleep(7)
        ask()
        return

    proxy.faults = [("runs/create", served_late)]
    with tracking(tmp_path, "late", "train") as tracker:
        tracker.metrics(1, {"loss": 3.0})
    assert publish_all(tmp_path) == (1, 0, None)
    time.sleep(6)
    with tracking(tmp_path, "late", "train") as tracker:
        tracker.metrics(1, {"loss": 2.0})
    client = MlflowClient(tracking_uri=server)
    assert sorted(losses(client, run) for run in runs(client, "late")) == [[(1, 2.0)], [(1, 3.0)]]


def test_two_repositories_that_use_a_new_collection_at_once_share_the_experiment(server, proxy, tmp_path):
    code = """
        import sys
        from pathlib import Path
        from poet.tracking.run import tracking
        with tracking(Path(sys.argv[1]), "together", "train") as tracker:
            tracker.metrics(1, {"loss": 3.0})
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    started = [subprocess.Popen([*command, str(tmp_path / name)], cwd=ROOT) for name in "ab"]
    assert [process.wait() for process in started] == [0, 0]
    assert [publish_all(tmp_path / name) for name in "ab"] == [(1, 0, None)] * 2
    client = MlflowClient(tracking_uri=server)
    assert [losses(client, run) for run in runs(client, "together")] == [[(1, 3.0)]] * 2


def test_the_password_reaches_the_server_and_neither_files_nor_lines_nor_mlflow(
    server, proxy, tmp_path, monkeypatch, capfd
):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy.address.replace("//", "//ada:s3c%20ret@"))
    proxy.faults = [("runs/log-batch", faults.fails)] * 2
    expected = record(tmp_path, "secret")
    assert publish_all(tmp_path) == (2, 0, None)
    client = MlflowClient(tracking_uri=server)
    assert_one_run(client, "secret", expected)
    assert proxy.authorizations == {"Basic YWRhOnMzYyByZXQ="}
    (run,) = runs(client, "secret")
    found = [*capfd.readouterr(), str(run.to_dictionary()), *(path for path in proxy.seen)]
    found += [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert not [text for text in found if "s3c" in text or "ada:" in text]


def test_points_arrive_while_the_training_goes_on(server, proxy, tmp_path):
    client = MlflowClient(tracking_uri=server)
    with tracking(tmp_path, "live", "train") as tracker:
        tracker.start("a" * 16)
        for step in range(1000):
            tracker.metrics(step, {"loss": 1.0})
        tracker.sender_due = 0
        begin = time.perf_counter()
        tracker.flush()
        assert time.perf_counter() - begin < 1, "the training does not wait"
        assert tracker.sender.wait(60) == 0
        (run,) = runs(client, "live")
        assert (run.info.status, len(losses(client, run))) == ("RUNNING", 1000)
        tracker.metrics(1000, {"loss": 1.0})
    (run,) = runs(client, "live")
    assert (run.info.status, len(losses(client, run))) == ("FINISHED", 1001)
