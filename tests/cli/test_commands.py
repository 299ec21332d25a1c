"""The `poet` command: help with an example everywhere, and what `make ui` starts."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import click
import pytest
from click.testing import CliRunner

from poet.cli import main
from stages import attribute, benchmark, clean, download, evaluate, index, report, sample, start_page, tokenize, train
from tests.clone import ENVIRONMENT, ROOT

STAGES = [attribute, benchmark, clean, download, evaluate, index, report, sample, start_page, tokenize, train]


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_has_help_with_an_example(name):
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.output


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_every_stage_has_help_with_an_example(stage):
    command: click.Command = stage.main
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert "Example: python -m stages." in result.output


def test_check_tells_what_is_wrong(tmp_path):
    good = CliRunner().invoke(main, ["check", "--params", str(ROOT / "params.yaml")])
    assert (good.exit_code, "is right" in good.output) == (0, True)
    (tmp_path / "params.yaml").write_text("build: [x]\n", encoding="utf-8")
    bad = CliRunner().invoke(main, ["check", "--params", str(tmp_path / "params.yaml")])
    assert bad.exit_code == 1
    assert "collections: missing" in bad.output


def test_ui_serves_the_store_of_the_project(built):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "poet.cli", "ui", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=built, env=ENVIRONMENT, start_new_session=True, **quiet) as server:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
                    break
                except urllib.error.URLError:
                    time.sleep(0.5)
            assert b"MLflow" in page
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # the server has workers of its own
