"""`poet export`: the page and the folder of a built collection, with what the options change; `poet import`."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from ruamel.yaml import YAML

from poet.cli import main
from poet.cli.export_record import dvc_hash
from poet.files import sha256, write_json
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.params.model import ModelConfig, model_settings
from poet.report.collection_page import summarize
from poet.report.summary import write_summary
from poet.results.copying import write_copying
from poet.results.evaluation import write_result
from poet.tokenizers.kinds import train_tokenizer
from poet.tracking.run import commit
from tests.clone import ROOT
from tests.recipes import CHAR, sizes
from tests.report.shelf import made_up_results
from tests.stages.shelf import write_clean
from tests.stages.small import COLLECTION, save_untrained, write_params
from tests.texts import babble

BOOK = babble(1, 2000)


@pytest.fixture
def export(tmp_path, monkeypatch):
    """Runs the command in a project whose collection is built: its output, and the facts of the page."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("", encoding="utf-8")
    write_params(tmp_path / "params.yaml", ["The "])
    train_tokenizer([BOOK], CHAR).save(str(tmp_path / "tokenizer.json"))
    config = ModelConfig(n_layer=1, n_head=1, n_embd=16, sequence_len=16)
    save_untrained(tmp_path / "models" / COLLECTION, tmp_path / "tokenizer.json", config)
    write_clean(tmp_path / "data" / "clean" / COLLECTION, {"one": BOOK})

    def run(*options, out="mine.html"):
        result = CliRunner().invoke(main, ["export", "--collection", COLLECTION, *options])
        if result.exit_code:
            return result.output, None
        page = (tmp_path / out).read_text(encoding="utf-8")
        (facts,) = re.findall(r'data-block="facts">(.*?)</script>', page, re.DOTALL)
        return result.output, json.loads(facts)

    return run


def test_the_page_is_written_where_one_stands(export):
    output, facts = export()
    assert output.startswith("mine.html (") and "open it in a browser" in output
    assert facts["precision"] == "int8" and facts["can_trace"] and facts["bits_per_character"] is None


def test_options_change_precision_books_and_place(export):
    _, facts = export("--precision", "float32", "--without-books", "--format", "html", "--out", "x.html", out="x.html")
    assert facts["precision"] == "float32" and not facts["can_trace"]


def test_the_lesson_is_a_page_of_its_own_beside_the_other(export):
    output, facts = export("--format", "lesson", out=f"{COLLECTION}-lesson.html")
    assert output.startswith(f"{COLLECTION}-lesson.html (") and facts["collection"] == COLLECTION
    _, facts = export("--format", "lesson", "--without-books", "--out", "lesson.html", out="lesson.html")
    assert not facts["can_trace"]


def test_what_is_not_built_is_said(export):
    result = CliRunner().invoke(main, ["export", "--collection", "shakespeare"])
    assert result.exit_code and "is not built" in result.output


def invoke(*arguments):
    result = CliRunner().invoke(main, [*map(str, arguments)])
    return result.exit_code, result.output


def export_folder(out, *more):
    code, output = invoke("export", "--collection", COLLECTION, "--format", "hf", "--out", out, *more)
    assert code == 0 and output.startswith(f"{out} ("), output
    return (out / "README.md").read_text(encoding="utf-8")


def write_results(model_sha256, picked=None):
    """Results of a model, as the stages leave them; only the summary says of which."""
    results = made_up_results()
    results = dataclasses.replace(results, training=dataclasses.replace(results.training, picked=picked or {}))
    folder = Path("reports") / COLLECTION
    write_result(folder / "train.json", results.training)
    write_result(folder / "evaluation.json", results.evaluation)
    write_copying(folder / "copying.json", results.copying)
    write_summary(Path("reports") / "summaries" / f"{COLLECTION}.json", summarize(results, model_sha256))


def test_a_folder_for_transformers_goes_and_comes_back(export, tmp_path):
    out = tmp_path / "out"
    card = export_folder(out)
    assert "# Mine" in card and 'folder = "out"' in card
    files = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in out.iterdir()} == {*files, "README.md"}
    code, output = invoke("import", "--format", "hf", out, "--out", tmp_path / "models" / "back")
    assert code == 0 and "poet generate --model" in output
    here, back = (load_model(tmp_path / "models" / name, torch.device("cpu")) for name in (COLLECTION, "back"))
    assert back.sha256 == here.sha256 and back.tokenizer.to_str() == here.tokenizer.to_str()
    assert invoke("generate", "The ", "--model", tmp_path / "models" / "back", "--tokens", "3")[0] == 0


def test_the_code_of_the_card_loads_the_folder(export, tmp_path, capsys):
    pytest.importorskip("transformers")
    (code,) = re.findall(r"```python\n(.*?)```", export_folder(tmp_path / "out"), re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out.startswith("The ")


def test_the_card_takes_figures_of_this_model_only(export, tmp_path):
    weights = sha256(tmp_path / "models" / COLLECTION / "model.safetensors")
    write_results("another model")
    card = export_folder(tmp_path / "one")
    assert "Not measured" in card and "list of the books was not there" in card
    write_results(weights)
    card = export_folder(tmp_path / "two")
    assert "Not measured" not in card and "| One | " in card and "were not recorded" in card


def write_tokens(train_sha256):
    """The description of the tokens of the collection; of the model of the tests, the hash is all zeros."""
    folder = Path("data") / "tokens" / COLLECTION
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy("tokenizer.json", folder)
    splits = {split: {"sha256": train_sha256} for split in ("train", "val", "held_out")}
    about = {"dtype": "uint16", "kind": "char", "vocab_size": 400, "separator": 0, "splits": splits}
    write_json(folder / "meta.json", about | {"tokenizer_sha256": sha256(folder / "tokenizer.json")})


def test_the_card_names_the_books_that_the_tokens_are_of(export, tmp_path):
    shutil.copytree(Path("models") / COLLECTION, "kept")
    for digest, known in (("0" * 64, True), ("1" * 64, False)):
        write_tokens(digest)
        card = export_folder(tmp_path / digest[:3], "--model", "kept")
        assert ("| One | " in card) is known and f"\n# {'Mine' if known else 'kept'}\n" in card
    write_json(Path("data") / "tokens" / COLLECTION / "meta.json", {"splits": {"train": {}}})
    code, output = invoke("export", "--collection", COLLECTION, "--format", "hf", "--out", "x")
    assert code == 1 and "meta.json lacks" in output


def test_no_page_shows_books_that_its_model_never_saw(export):
    write_tokens("1" * 64)
    output, facts = export("--out", "x.html")
    assert "did not learn from the tokens of mine" in output and "--collection" in output and facts is None
    assert not Path("x.html").exists()
    write_tokens("0" * 64)
    assert export()[1]["books"]


def test_the_page_takes_the_figure_of_this_model_only(export, tmp_path):
    """After a training without an evaluation, evaluation.json is still that of the model before."""
    write_results("another model")
    assert export()[1]["bits_per_character"] is None
    write_results(sha256(tmp_path / "models" / COLLECTION / "model.safetensors"))
    assert export()[1]["bits_per_character"] == made_up_results().evaluation.bits_per_character


def test_the_card_names_the_commit_of_the_program_not_of_the_project(export, tmp_path, monkeypatch):
    author = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for command in (("init", "-q"), (*author, "commit", "-q", "--allow-empty", "-m", "mine")):
        subprocess.run(["git", *command], check=True)
    known = commit(ROOT) if (ROOT / ".git").exists() else ""
    assert re.findall(r", commit (\w+),", export_folder(tmp_path / "one")) == ([known] if known else [])
    # Installed into an environment that lies in the project.
    (tmp_path / "site-packages").mkdir()
    monkeypatch.setattr("poet.installation.CODE_ROOT", tmp_path / "site-packages")
    assert commit(tmp_path / "site-packages") and ", commit " not in export_folder(tmp_path / "two")


def write_lock(changes=None, *, model=None):
    """dvc.lock as DVC leaves it, with the sections of params.yaml; `changes` are others in them, `model` the hash."""
    params = json.loads(json.dumps(YAML(typ="safe").load(Path("params.yaml"))))
    for section, values in (changes or {}).items():
        params[section] |= values
    places = [f"data/clean/{COLLECTION}", f"data/tokens/{COLLECTION}", f"models/{COLLECTION}"]
    hashes = ["c.dir", "t.dir", model or dvc_hash(Path("models") / COLLECTION)]
    stages, read = {}, []
    sections = (("clean",), ("split", "tokenize"), ("model", "train"))
    for stage, names, path, digest in zip(("clean", "tokenize", "train"), sections, places, hashes, strict=True):
        known = {name: params[name] for name in names} | {
            "collections.mine": {"sources": [{"path": "/home/me/diaries"}]}
        }
        written = [{"path": path, "md5": digest, "hash": "md5"}]
        stages[f"{stage}@{COLLECTION}"] = {"deps": read, "outs": written, "params": {"params.yaml": known}}
        read = written
    lock = {"schema": "2.0", "stages": stages}
    Path("dvc.lock").write_text(json.dumps(lock), encoding="utf-8")
    return lock


def test_the_settings_on_the_card_are_those_of_the_training(export, tmp_path):
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


def test_the_card_tells_nobody_what_is_secret(export, tmp_path):
    train = {"init_from": "/home/eve/models/plays", "sample_prompt": "Dear diary"}
    write_lock({"train": train, "split": {"held_out_books": ["one", "letters-of-eve"]}})
    write_tokens("0" * 64)
    card = export_folder(tmp_path / "out")
    assert 'init_from: "plays"' in card and "weights of another model, plays." in card
    assert 'held_out_books: ["one"]' in card and ", held out |" in card
    for secret in ("/home", "eve/", "letters", "diaries", "Dear diary"):
        assert secret not in card


def test_a_record_of_another_model_or_other_books_is_not_taken(export, tmp_path):
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


@pytest.mark.skipif(sys.platform == "win32", reason="the command dvc is looked for beside Python")
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


def test_nothing_that_exists_is_replaced(export, tmp_path):
    out = tmp_path / "out"
    out.mkdir()  # an empty one may be there
    export_folder(out)
    for arguments in (
        ("export", "--collection", COLLECTION, "--format", "hf", "--out", out),
        ("import", out, "--out", tmp_path / "models" / COLLECTION),
    ):
        code, output = invoke(*arguments)
        assert code == 1 and "exists already" in output
    assert invoke("export", "--collection", COLLECTION, "--out", out)[0] == 2


def test_the_current_folder_is_no_new_one(export, tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    for out in (".", "", "../sub", "new/.."):
        code, output = invoke("export", "--collection", COLLECTION, "--format", "hf", "--out", out)
        assert code == 1 and "is no name of a new folder" in output, output
    assert list((tmp_path / "sub").iterdir()) == []


@pytest.mark.parametrize("option", [("--precision", "int8"), ("--without-books",)])
def test_options_of_the_page_are_refused_for_a_folder(export, option):
    code, output = invoke("export", "--collection", COLLECTION, "--format", "hf", *option)
    assert code == 2 and "are for --format html" in output


def test_a_folder_for_onnx_runtimes(export, tmp_path):
    out = tmp_path / "onnx"
    code, output = invoke("export", "--collection", COLLECTION, "--format", "onnx", "--out", out)
    assert code == 0 and "README.md in it has a program" in output
    assert {path.name for path in out.iterdir()} == {"model.onnx", "tokenizer.json", "README.md"}
    assert '"onnx"' in (out / "README.md").read_text(encoding="utf-8").partition("\n# ")[2]


def test_a_folder_for_llama_cpp_is_of_a_classic_model(export, tmp_path):
    out = tmp_path / "gguf"
    code, output = invoke("export", "--collection", COLLECTION, "--format", "gguf", "--out", out)
    assert code == 1 and "model.norm: got rms, expected layer" in output and not out.exists()
    train_tokenizer([BOOK], sizes("byte")).save(str(tmp_path / "byte.json"))
    classic = model_settings("classic", n_layer=1, n_head=1, n_embd=32, sequence_len=16).config
    save_untrained(tmp_path / "classic", tmp_path / "byte.json", classic)
    code, output = invoke("export", "--collection", COLLECTION, "--format", "gguf", "--model", "classic", "--out", out)
    assert code == 0, output
    assert {path.name for path in out.iterdir()} == {"model.gguf", "README.md"}
