"""`poet export`: the page of a built collection, with what the options change."""

import json
import re

import pytest
from click.testing import CliRunner

from poet.cli import main
from poet.params.model import ModelConfig
from poet.tokenizers.kinds import train_tokenizer
from tests.recipes import CHAR
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


def test_what_is_not_built_is_said_before_torch_is_loaded(export):
    result = CliRunner().invoke(main, ["export", "--collection", "shakespeare"])
    assert result.exit_code and "is not built" in result.output
