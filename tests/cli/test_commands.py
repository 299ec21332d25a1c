"""The `poet` command: help with an example everywhere, and what `make ui` starts."""

import importlib
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
from poet.device.device import device_fault
from poet.tokenizers.tokenizer import load_tokenizer
from tests.clone import ENVIRONMENT, ROOT

STAGES = [
    importlib.import_module(f"stages.{path.stem}")
    for path in sorted((ROOT / "stages").glob("*.py"))
    if path.stem != "__init__"
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
    assert "data/tokens/philosophers does not exist: philosophers is not built" in result.output


def test_generate_writes_the_same_text_for_the_same_seed(built, monkeypatch):
    monkeypatch.chdir(built)
    words = ["generate", "Absolute truth ", "--collection", "shakespeare", "--tokens", "40", "--temperature", "0.8"]
    one = CliRunner().invoke(main, [*words, "--samples", "3"])
    assert one.exit_code == 0, one.output
    assert one.output.count("Absolute truth ") == 3
    assert [line for line in one.output.splitlines() if line.startswith("---")] == [f"--- seed {i}" for i in (1, 2, 3)]
    assert CliRunner().invoke(main, [*words, "--samples", "3"]).output == one.output
    second = CliRunner().invoke(main, [*words, "--seed", "2", "--top-k", "5", "--top-p", "0.9", "--min-p", "0.1"])
    assert second.exit_code == 0, second.output


def test_generate_copies_no_more_than_it_may(built, monkeypatch):
    """Greedy and from a line of the book, so that the model has reason to copy."""
    monkeypatch.chdir(built)
    words = ["generate", "ACT I\n\nSCENE I. ", "--tokens", "120", "--temperature", "0.3", "--max-copy", "6"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    clean = built / "data/clean/shakespeare"
    books = [path.read_text(encoding="utf-8") for path in clean.glob("*.txt")]
    books = [book[: int(len(book) * 0.9)] for book in books if "tempest" not in book[:200].lower()]
    text = result.output.removesuffix("\n")
    prompt = len("ACT I\n\nSCENE I. ")
    for start in range(prompt - 6, len(text) - 7):
        assert not any(text[start : start + 7] in book for book in books), text[start : start + 7]


def test_generate_without_a_model_or_a_prompt_says_so(built, monkeypatch):
    monkeypatch.chdir(built)
    missing = CliRunner().invoke(main, ["generate", "x", "--collection", "philosophers"])
    assert (missing.exit_code, "models/philosophers does not exist" in missing.output) == (1, True)
    assert "the prompt is empty" in CliRunner().invoke(main, ["generate", ""]).output


def test_doctor_finds_a_gpu_that_torch_lists_and_has_no_kernels_for(monkeypatch):
    """A fake of the device module, as a P100 with torch for CUDA 13 behaves."""

    def compute(device):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    monkeypatch.setattr("poet.device.device._compute_something", compute)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    device_fault.cache_clear()
    try:
        result = CliRunner().invoke(main, ["doctor"])
    finally:
        device_fault.cache_clear()
    assert result.exit_code == 1
    assert "cuda but cannot compute on it (CUDA error: no kernel image" in result.output
    assert "train.device: auto takes cpu instead" in result.output


def test_doctor_finds_nothing_wrong_with_a_cpu():
    result = CliRunner().invoke(main, ["doctor", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    assert result.output.count(" ok ") == 12, "four checks in three precisions"
    unknown = CliRunner().invoke(main, ["doctor", "--device", "tpu9"])
    assert (unknown.exit_code, "unknown device" in unknown.output) == (1, True)


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
