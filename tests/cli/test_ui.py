"""`poet ui` and `poet publish` where they belong and where they do not; the web page of a real MLflow server."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import psutil
import pytest
from click.testing import CliRunner

from poet.cli.publish import publish
from poet.cli.ui import ui
from poet.params.decided import decided
from poet.tracking.finished_runs import read_runs
from poet.tracking.run import tracking
from tests.clone import ROOT
from tests.recipes import MODEL, TRAIN
from tests.report.browsing import CHROMIUM
from tests.servers import free_port


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder that is one of a project, as far as these commands look."""
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    for name in ("DVC_ROOT", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", [ui, publish])
def test_outside_a_project_is_refused_and_leaves_nothing(command, tmp_path, monkeypatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command)
    assert result.exit_code == 1
    assert f"{tmp_path} is not the folder of a project" in result.output
    assert not [*tmp_path.iterdir()]


def test_a_port_that_is_taken_is_refused(project):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = CliRunner().invoke(ui, ["--port", str(port)])
    assert result.exit_code == 1
    assert f"port {port} of this machine cannot be used" in result.output and "Open" not in result.output


def test_the_address_of_a_server_is_shown_without_its_password(project, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ada:s3cret@mlflow.lab/team")
    for command in (ui, publish):
        result = CliRunner().invoke(command)
        assert "https://mlflow.lab/team" in result.output
        assert "s3cret" not in result.output and "ada" not in result.output


@pytest.mark.parametrize("command", [ui])
def test_a_database_that_mlflow_cannot_read_is_one_line(command, project):
    (project / "mlflow.db").write_bytes(b"not a database" * 500)
    result = CliRunner().invoke(command, ["--port", str(free_port())])
    assert result.exit_code == 1 and "Open" not in result.output
    assert result.output.splitlines()[-1].endswith("is damaged or no database. Move the file away; a new one is made.")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_answers_when_its_address_is_printed_and_ends_with_its_children(number, project):
    port = free_port()
    command = [sys.executable, "-m", "poet.cli", "ui", "--port", str(port)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=project) as process:
        assert process.stdout.readline() == f"Open http://127.0.0.1:{port} ; Ctrl-C ends.\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=20) as reply:
            assert reply.status == 200
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.send_signal(number)
        assert process.wait(60) == 0
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert len(gone) == len(children) and not alive


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
def test_the_printed_address_shows_the_runs_best_first_in_the_columns_that_matter(project, monkeypatch):
    sync_api = pytest.importorskip("playwright.sync_api")
    # The project was moved since: its report is found all the same.
    old = project / "old"
    for number, bits in enumerate((2.5, 1.5)):
        with tracking(old, "shelf", "train") as tracker:
            tracker.params(**decided(MODEL, TRAIN, device="cpu"))
            tracker.metrics(0, {"evaluation/bits_per_character": bits, "copying/share_at_30": 0.25})
            tracker.metrics(0, {f"noise/{i}": 1.0 for i in range(9)})
            tracker.text("index.html", "<h1>The plays of this shelf</h1>")
            tracker.tags({"poet.model_sha256": str(number)})
    (project / "dvc.yaml").rename(old / "dvc.yaml")
    new = old.rename(project / "new")
    monkeypatch.chdir(new)
    (run, *_) = read_runs(new)["shelf"]
    with page_of_mlflow(new, sync_api) as (page, address):
        page.goto(address)
        rows = page.locator(".ag-center-cols-container")
        rows.get_by_text("2.5", exact=True).wait_for(timeout=90_000)
        heads = page.locator(".ag-header").inner_text()
        assert "evaluation/bits_per_character" in heads and "noise" not in heads
        assert page.get_by_text("Look at").is_visible(), "the note says which column to look at"
        shown = rows.inner_text()
        assert shown.index("1.5") < shown.index("2.5")
        page.goto(f"{address.partition('/runs')[0]}/runs/{run.run_id}/artifacts/index.html")
        page.frame_locator("iframe").get_by_text("The plays of this shelf").wait_for(timeout=90_000)


@contextlib.contextmanager
def page_of_mlflow(root, sync_api):
    """A page of a browser, and the first address that `poet ui` prints in `root`."""
    command = [sys.executable, "-m", "poet.cli", "ui", "--port", str(free_port())]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=root) as process,
        sync_api.sync_playwright() as playwright,
    ):
        try:
            name, address = process.stdout.readline().strip().split(": ", 1)
            assert name == "shelf"
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            yield browser.new_page(viewport={"width": 1900, "height": 900}), address
            browser.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
