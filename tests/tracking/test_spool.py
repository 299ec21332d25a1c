"""Which record belongs to which run, and what damaged files and full disks do to it; with a real MLflow database."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap

import pytest

from poet.errors import Interrupted
from poet.tracking import spool as spools
from poet.tracking.publishing import publish_all
from poet.tracking.run import tracking
from tests.clone import ROOT


def runs(client, experiment="shelf"):
    return client.search_runs([client.get_experiment_by_name(experiment).experiment_id], order_by=["start_time"])


def losses(client, run):
    return sorted((metric.step, metric.value) for metric in client.get_metric_history(run.info.run_id, "loss"))


def train(root, points, *, key="a" * 16, resume=None, stop=False, collection="shelf", model=""):
    """A training that records `points`; with `resume`, it continues the spool of that name; returns its own name."""
    with contextlib.suppress(Interrupted), tracking(root, collection, "train") as tracker:
        if resume is not None:
            tracker.resume(min(points) - 1, resume)
        tracker.start(key)
        for step, loss in points.items():
            tracker.metrics(step, {"loss": loss})
        if stop:
            tracker.save()
            raise Interrupted("stop")
        tracker.tags({"poet.model_sha256": model} if model else {})
    return tracker.name


def the_spool(root):
    (spool,) = (root / ".poet" / "spool").glob("*.jsonl")
    return spool


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


def test_later_stages_attach_to_the_run_of_the_model_and_leave_its_end_alone(client, tmp_path):
    train(tmp_path, {1: 3.0}, model="abc")
    (before,) = runs(client)
    with tracking(tmp_path, "shelf", "evaluate", "abc") as tracker:
        tracker.metrics(0, {"bits": 2.0})
    with pytest.raises(ValueError, match="bug"), tracking(tmp_path, "shelf", "sample", "abc"):
        raise ValueError("bug")
    (run,) = runs(client)
    assert run.data.metrics == {"loss": 3.0, "bits": 2.0}
    assert (run.info.status, run.info.end_time) == ("FINISHED", before.info.end_time)


def test_a_model_from_elsewhere_gets_a_run(client, tmp_path):
    with tracking(tmp_path, "shelf", "evaluate", "abc") as tracker:
        tracker.metrics(0, {"bits": 2.0})
    with tracking(tmp_path, "shelf", "sample", "abc") as tracker:
        tracker.text("a.txt", "x")
    (run,) = runs(client)
    assert run.data.tags["poet.model_sha256"] == "abc" and run.info.status == "FINISHED"


def test_an_interrupted_run_goes_on_without_repeating_itself(client, tmp_path):
    name = train(tmp_path, {1: 3.0, 2: 2.0}, stop=True)
    assert [run.info.status for run in runs(client)] == ["KILLED"]
    train(tmp_path, {2: 2.0, 3: 1.0}, resume=name)  # the last snapshot was older than the last record
    (run,) = runs(client)
    assert run.info.status == "FINISHED"
    assert losses(client, run) == [(1, 3.0), (2, 2.0), (3, 1.0)]


def test_a_point_of_a_step_that_is_recorded_in_part_is_not_lost(client, tmp_path):
    name = train(tmp_path, {1: 3.0}, stop=True)
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.resume(0, name)
        tracker.metrics(1, {"loss": 3.0})
        tracker.metrics(1, {"bits": 2.0})
    (run,) = runs(client)
    assert losses(client, run) == [(1, 3.0)] and run.data.metrics["bits"] == 2.0


def test_a_resumed_training_continues_its_own_run_whatever_was_trained_in_between(client, tmp_path):
    first = train(tmp_path, {1: 3.0}, key="a" * 16, stop=True)
    train(tmp_path, {1: 5.0, 2: 4.0}, key="b" * 16, model="model-b")
    train(tmp_path, {2: 2.0}, key="a" * 16, resume=first, model="model-a")
    a, b = runs(client)
    assert (a.data.tags["poet.model_sha256"], losses(client, a)) == ("model-a", [(1, 3.0), (2, 2.0)])
    assert (b.data.tags["poet.model_sha256"], losses(client, b)) == ("model-b", [(1, 5.0), (2, 4.0)])
    assert {a.info.status, b.info.status} == {"FINISHED"}


def test_a_training_from_the_start_is_another_run(client, tmp_path):
    for _ in range(2):
        train(tmp_path, {1: 3.0})
    assert [losses(client, run) for run in runs(client)] == [[(1, 3.0)]] * 2


def test_two_trainings_of_one_collection_at_once_are_two_runs(client, tmp_path, monkeypatch):
    # Both draw the same number at first.
    drawn = iter(["00000000", "00000000", "11111111"])
    monkeypatch.setattr(spools.secrets, "token_hex", lambda _: next(drawn))
    with tracking(tmp_path, "shelf", "train") as one, tracking(tmp_path, "shelf", "train") as other:
        one.start("a" * 16)
        other.start("a" * 16)
        assert one.name != other.name
        one.metrics(1, {"loss": 3.0})
        other.metrics(1, {"loss": 2.0})
    assert sorted(losses(client, run) for run in runs(client)) == [[(1, 2.0)], [(1, 3.0)]]
    assert {run.info.status for run in runs(client)} == {"FINISHED"}


def test_a_spool_that_another_process_writes_is_not_continued(client, tmp_path):
    with tracking(tmp_path, "shelf", "train") as running:
        running.start("a" * 16)
        assert train(tmp_path, {1: 3.0}, resume=running.name) != running.name
    assert len(runs(client)) == 2


def test_an_outage_stops_nothing_and_publish_catches_up(client, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
        train(tmp_path, {1: 3.0, 2: 2.0}, model="abc")
        assert publish_all(tmp_path)[:2] == (1, 1)
    assert "does not take records" in capsys.readouterr().err
    for _ in range(2):
        assert publish_all(tmp_path) == (1, 0, None)
    (run,) = runs(client)
    assert losses(client, run) == [(1, 3.0), (2, 2.0)]


def test_a_stage_sends_first_what_waits_of_the_training_so_one_model_is_one_run(client, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
        train(tmp_path, {1: 3.0}, model="abc")
    with tracking(tmp_path, "shelf", "evaluate", "abc") as tracker:
        tracker.metrics(0, {"bits": 2.0})
    (run,) = runs(client)
    assert run.data.metrics == {"loss": 3.0, "bits": 2.0}


# What a power cut or a bad disk leaves, and the losses that are whole behind it. The first line names the run.
DAMAGE = {
    "cut": (lambda lines: b"\n".join(lines)[:-9], [(1, 3.0), (2, 2.0)]),
    "zeros": (lambda lines: b"\n".join([lines[0], bytes(500), *lines[2:], b""]), [(2, 2.0)]),
    "zeros at the end": (lambda lines: b"\n".join([*lines[:2], bytes(4096)]), [(1, 3.0)]),
    "not UTF-8": (lambda lines: b"\n".join([*lines[:2], b'{"metrics": {"\xff": 1}', *lines[3:], b""]), [(1, 3.0)]),
    "other JSON": (lambda lines: b"\n".join([lines[0], b'[1]\n{"metrics": 1}', *lines[2:], b""]), [(2, 2.0)]),
    "no run": (lambda lines: b"\n".join([b"\0" * 9, *lines[1:], b""]), [(1, 3.0), (2, 2.0)]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_whole_of_a_damaged_spool_is_sent_and_all_others(damage, client, tmp_path, monkeypatch, capsys):
    spoil, whole = DAMAGE[damage]
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
        train(tmp_path, {1: 3.0, 2: 2.0})
        spool = the_spool(tmp_path)
        spool.write_bytes(spoil(spool.read_bytes().splitlines()))
        train(tmp_path, {1: 9.0})
    assert publish_all(tmp_path) == (2, 0, None)
    assert sorted(losses(client, run) for run in runs(client)) == sorted([whole, [(1, 9.0)]])
    assert "damaged records" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b'{"run_id": "', b"\0" * 40, b"[]", b'{"run_id": 3, "offset": "x"}', b"\xff"])
def test_a_damaged_ledger_repeats_no_point(content, client, tmp_path):
    train(tmp_path, {1: 3.0, 2: float("nan")})
    the_spool(tmp_path).with_suffix(".sent").write_bytes(content)
    assert publish_all(tmp_path) == (1, 0, None)
    (run,) = runs(client)
    assert [step for step, _ in losses(client, run)] == [1, 2]


def test_only_what_is_behind_the_ledger_is_read(client, tmp_path, capsys):
    name = train(tmp_path, {1: 3.0}, stop=True)
    spool = the_spool(tmp_path)
    spool.write_bytes(b"x" * (spool.stat().st_size - 1) + b"\n")  # what was sent is not read again
    with spool.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"metrics": {"loss": 2.0}, "step": 2, "time": 5}) + "\n" + '{"status": "FINISHED"}\n')
    assert publish_all(tmp_path) == (1, 0, None)
    (run,) = runs(client)
    assert losses(client, run) == [(1, 3.0), (2, 2.0)] and run.data.tags["poet.spool"] == name
    assert "damaged" not in capsys.readouterr().err


def test_where_the_spool_cannot_be_written_records_go_to_mlflow_from_memory(client, tmp_path, capsys):
    (tmp_path / ".poet").write_text("in the way", encoding="utf-8")
    train(tmp_path, {1: 3.0}, model="abc")
    (run,) = runs(client)
    assert (losses(client, run), run.info.status) == ([(1, 3.0)], "FINISHED")
    assert "does not take records" in capsys.readouterr().err


def test_a_disk_that_is_full_for_a_while_costs_no_record(client, tmp_path, capsys):
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.start("a" * 16)
        before = the_spool(tmp_path).read_bytes()
        tracker.text("long.txt", "x" * 100_000)
        # A limit on the size of files makes write fail in the middle, as a full disk does.
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5000, limits[1]))
        try:
            tracker.save()
            assert the_spool(tmp_path).read_bytes() == before, "nothing half-written stays"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        tracker.metrics(1, {"loss": 3.0})
    (run,) = runs(client)
    assert losses(client, run) == [(1, 3.0)]
    assert client.list_artifacts(run.info.run_id)[0].file_size == 100_000
    assert capsys.readouterr().err.count("does not take records") == 1


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from poet.tracking.run import tracking
    with tracking(Path(sys.argv[1]), "shelf", "train") as tracker:
        tracker.start("a" * 16)
        tracker.metrics(1, {"loss": 3.0})
        tracker.save()
        print(tracker.name, flush=True)
        sys.stdin.read()
"""


def test_the_run_of_a_killed_process_is_closed_by_the_next_command_and_opened_again_by_a_resume(client, tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        name = process.stdout.readline().strip()
        assert publish_all(tmp_path) == (1, 0, None)
        assert client.get_experiment_by_name("shelf") is None, "a training that runs is left alone"
        process.send_signal(signal.SIGKILL)
    assert publish_all(tmp_path) == (1, 0, None)
    (run,) = runs(client)
    assert (run.info.status, losses(client, run)) == ("FAILED", [(1, 3.0)])
    train(tmp_path, {1: 3.0, 2: 2.0}, resume=name)
    (run,) = runs(client)
    assert (run.info.status, losses(client, run)) == ("FINISHED", [(1, 3.0), (2, 2.0)])
