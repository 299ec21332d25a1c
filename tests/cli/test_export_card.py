"""The card of a folder that `poet export` writes: what is known of this very model, and nothing that is secret."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from poet.cli.export_record import dvc_hash
from poet.files import sha256, write_json
from poet.params.file import load_params
from poet.tracking.run import commit
from tests.cli.built import build_project, export_folder, invoke, write_lock, write_results, write_tokens
from tests.clone import ROOT
from tests.stages.small import COLLECTION


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    build_project(tmp_path)


def test_the_code_of_the_card_loads_the_folder(tmp_path, capsys):
    pytest.importorskip("transformers")
    (code,) = re.findall(r"```python\n(.*?)```", export_folder(tmp_path / "out"), re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out.startswith("The ")


def test_the_card_takes_figures_of_this_model_only(tmp_path):
    weights = sha256(tmp_path / "models" / COLLECTION / "model.safetensors")
    write_results("another model")
    card = export_folder(tmp_path / "one")
    assert "Not measured" in card and "list of the books was not there" in card
    write_results(weights)
    card = export_folder(tmp_path / "two")
    assert "Not measured" not in card and "| One | " in card and "were not recorded" in card


def test_the_card_names_the_books_that_the_tokens_are_of(tmp_path):
    shutil.copytree(Path("models") / COLLECTION, "kept")
    for digest, known in (("0" * 64, True), ("1" * 64, False)):
        write_tokens(digest)
        card = export_folder(tmp_path / digest[:3], "--model", "kept")
        assert ("| One | " in card) is known and f"\n# {'Mine' if known else 'kept'}\n" in card
    write_json(Path("data") / "tokens" / COLLECTION / "meta.json", {"splits": {"train": {}}})
    code, output = invoke("export", "--collection", COLLECTION, "--format", "hf", "--out", "x")
    assert code == 1 and "meta.json lacks" in output


def test_the_card_names_the_commit_of_the_program_not_of_the_project(tmp_path, monkeypatch):
    author = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for command in (("init", "-q"), (*author, "commit", "-q", "--allow-empty", "-m", "mine")):
        subprocess.run(["git", *command], check=True)
    known = commit(ROOT) if (ROOT / ".git").exists() else ""
    assert re.findall(r", commit (\w+),", export_folder(tmp_path / "one")) == ([known] if known else [])
    # Installed into an environment that lies in the project.
    (tmp_path / "site-packages").mkdir()
    monkeypatch.setattr("poet.installation.CODE_ROOT", tmp_path / "site-packages")
    assert commit(tmp_path / "site-packages") and ", commit " not in export_folder(tmp_path / "two")


def test_the_settings_on_the_card_are_those_of_the_training(tmp_path):
    """Set in params.yaml, they are what was recorded: today's file has others, and minutes were decided."""
    changes = {"train": {"minutes": 5.0, "steps": 960}, "tokenize": {"max_ngram": 5}}
    write_lock(changes)
    write_results(
        sha256(tmp_path / "models" / COLLECTION / "model.safetensors"), {"train.steps": 77, "model.n_layer": 1}
    )
    card = export_folder(tmp_path / "out")
    (block,) = re.findall(r"```yaml\n(.*?)```", card, re.DOTALL)
    params = YAML(typ="safe").load(Path("params.yaml"))
    for section, values in YAML(typ="safe").load(block).items():
        params[section] |= values
    YAML().dump(params, tmp_path / "again.yaml")
    again, today = load_params(tmp_path / "again.yaml"), load_params(tmp_path / "params.yaml")
    assert again.train == dataclasses.replace(today.train, minutes=None, steps=77)
    assert again.model == dataclasses.replace(today.model, n_layer=1)
    assert again.tokenize == dataclasses.replace(today.tokenize, max_ngram=5) != today.tokenize


def test_the_card_tells_nobody_what_is_secret(tmp_path):
    train = {"init_from": "/home/eve/models/plays", "sample_prompt": "Dear diary"}
    write_lock({"train": train, "split": {"held_out_books": ["one", "letters-of-eve"]}})
    write_tokens("0" * 64)
    card = export_folder(tmp_path / "out")
    assert 'init_from: "plays"' in card and "weights of another model, plays." in card
    assert 'held_out_books: ["one"]' in card and ", held out |" in card
    for secret in ("/home", "eve/", "letters", "diaries", "Dear diary"):
        assert secret not in card


def test_a_record_of_another_model_or_other_books_is_not_taken(tmp_path):
    def said(lock):
        Path("dvc.lock").write_text(lock, encoding="utf-8")
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        return "max_ngram: " in export_folder(tmp_path / "out")

    lock = json.dumps(write_lock())
    assert said(lock)
    # A shelf of thousands of books makes a record that is larger than any params.yaml.
    assert said(lock[:-1] + ', "other": "' + "x" * 2_000_000 + '"}')
    for mark in (dvc_hash(Path("models") / COLLECTION), "t.dir", "c.dir"):
        # The stage that wrote it ran again, with settings that made no model yet.
        assert not said(lock.replace(mark, "other.dir", 1))
    for broken in (
        "",
        "stages: null",
        "stages: [1]",
        f"stages: {{train@{COLLECTION}: {{outs: [1], params: 2}}}}",
        "<<<",
    ):
        assert not said(broken)


def test_the_hash_of_a_folder_is_that_of_dvc(tmp_path):
    folder = tmp_path / "models" / "x"
    (folder / "sub").mkdir(parents=True)
    for name in ("b.txt", "a.bin", "sub/ü.json", "B.txt"):
        (folder / name).write_text(f"{name}\r\n", encoding="utf-8")
    dvc = str(Path(sys.executable).with_name("dvc"))
    for command in (["init", "--no-scm", "-q"], ["add", "-q", "models/x"]):
        subprocess.run([dvc, *command], cwd=tmp_path, check=True)
    (out,) = YAML(typ="safe").load(tmp_path / "models" / "x.dvc")["outs"]
    assert dvc_hash(folder) == out["md5"]
