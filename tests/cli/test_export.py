"""`poet export`: the page and the folder of a built collection, with what the options change; `poet import`."""

import json
import re
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from poet.cli import main
from poet.files import sha256
from poet.model.saving import load_model
from poet.params.model import model_settings
from poet.tokenizers.kinds import train_tokenizer
from tests.cli.built import BOOK, build_project, export_folder, invoke, write_results, write_tokens
from tests.recipes import sizes
from tests.report.shelf import made_up_results
from tests.stages.small import COLLECTION, save_untrained


@pytest.fixture
def export(tmp_path, monkeypatch):
    """Runs the command in a project whose collection is built: its output, and the facts of the page."""
    monkeypatch.chdir(tmp_path)
    build_project(tmp_path)

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
