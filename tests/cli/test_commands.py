"""The `poet` command: help with an example everywhere, and what `make ui` starts."""

import json
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
from poet.tokens.tokenizer import load_tokenizer
from stages import (
    attribute,
    benchmark,
    clean,
    download,
    evaluate,
    index,
    report,
    sample,
    start_page,
    tokenize,
    tokenizers,
    train,
)
from tests.clone import ENVIRONMENT, ROOT

STAGES = [
    attribute,
    benchmark,
    clean,
    download,
    evaluate,
    index,
    report,
    sample,
    start_page,
    tokenize,
    tokenizers,
    train,
]


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


def test_tokens_shows_how_a_text_is_cut(built, monkeypatch):
    monkeypatch.chdir(built)
    result = CliRunner().invoke(main, ["tokens", "Absolute truth\n", "--collection", "shakespeare"])
    assert result.exit_code == 0, result.output
    tokenizer = load_tokenizer(built / "data/tokens/shakespeare/tokenizer.json")
    ids = tokenizer.encode("Absolute truth\n").ids
    assert f"15 characters, {len(ids)} tokens of kind bpe, and back exactly" in result.output
    assert all(f" {i} " in result.output for i in ids)


def test_tokens_of_a_collection_that_is_not_built_are_told(built, monkeypatch):
    monkeypatch.chdir(built)
    result = CliRunner().invoke(main, ["tokens", "truth", "--collection", "philosophers"])
    assert result.exit_code == 1
    assert "data/tokens/philosophers/tokenizer.json does not exist" in result.output


def test_tokenizers_compares_all_kinds(built, monkeypatch):
    monkeypatch.chdir(built)
    table = CliRunner().invoke(main, ["tokenizers", "--vocab-size", "300"])
    assert table.exit_code == 0, table.output
    assert "tokenize.vocab_size: 300 is too small for a ngram tokenizer" in " ".join(table.output.split())
    rows = json.loads(CliRunner().invoke(main, ["tokenizers", "--json"]).output)
    of = {row["kind"]: row for row in rows}
    assert list(of) == ["char", "byte", "word", "ngram", "bytegram", "bpe"]
    assert [row["kind"] for row in rows if row["chosen"]] == ["bpe"]
    assert of["char"]["characters_per_token"] == of["byte"]["bytes_per_token"] == 1
    assert of["bpe"]["characters_per_token"] > of["ngram"]["characters_per_token"] > 1
    assert of["word"]["unknown"] > 0 == of["bpe"]["unknown"]


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
