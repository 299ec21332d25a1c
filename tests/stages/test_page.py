"""Stage page: the trained model and its books, as params.yaml says, in one file."""

import json
import re

import pytest
from click.testing import CliRunner

import stages.page
from poet.export import weights
from poet.params.model import ModelConfig
from poet.results.evaluation import CompressedText, Evaluation, write_result
from poet.tokenizers.kinds import train_tokenizer
from tests.recipes import CHAR
from tests.stages.shelf import write_clean
from tests.stages.small import COLLECTION, save_untrained, write_params
from tests.texts import babble

BOOK = babble(1, 2000)
EVALUATION = Evaluation(
    bits_per_character=1.75,
    bits_per_byte=1.75,
    loss=1.0,
    perplexity=2.7,
    characters=100,
    tokens=50,
    spelling_bits_per_character=0.0,
    held_out_books=None,
    compressors={},
    compressed=CompressedText(training=0, validation=0),
)


@pytest.fixture
def facts_of(tmp_path):
    """Runs the stage with some keys of params.yaml changed: the facts in its page, and the length of the text."""
    train_tokenizer([BOOK], CHAR).save(str(tmp_path / "tokenizer.json"))
    config = ModelConfig(n_layer=1, n_head=1, n_embd=16, sequence_len=16)
    save_untrained(tmp_path / "model", tmp_path / "tokenizer.json", config)
    write_clean(tmp_path / "clean", {"one": BOOK, "held": "Words that nobody learned from."})
    write_result(tmp_path / "evaluation.json", EVALUATION)

    def run(words_of_result="the model in", **sections):
        params = write_params(tmp_path / "params.yaml", ["The "], split={"held_out_books": ["held"]}, **sections)
        options = {"params": params, "collection": COLLECTION, "model": tmp_path / "model"}
        options |= {"clean": tmp_path / "clean", "evaluation": tmp_path / "evaluation.json", "out": tmp_path / "p.html"}
        words = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        result = CliRunner().invoke(stages.page.main, words, catch_exceptions=False)
        assert result.exit_code == 0 and words_of_result in result.output
        page = (tmp_path / "p.html").read_text(encoding="utf-8")
        if "data-block" not in page:
            return page
        blocks = dict(re.findall(r'data-block="(\w+)">(.*?)</script>', page, re.DOTALL))
        return json.loads(blocks["facts"]), len(blocks["text"])

    return run


def test_the_page_is_made_as_params_yaml_says(facts_of):
    facts, size = facts_of()
    assert facts["title"] == "Mine" and facts["collection"] == COLLECTION and facts["bits_per_character"] == 1.75
    assert facts["precision"] == "int8" and facts["can_trace"] and size
    # Nothing is traced to a book that was not trained on.
    assert [book["id"] for book in facts["books"]] == ["one"] and facts["language"] == "en"
    other, size = facts_of(page={"precision": "float32", "max_bytes": 0}, attribute={"min_length": 33})
    assert other["precision"] == "float32" and other["min_length"] == 33
    assert not other["can_trace"] and not size


def test_a_model_that_is_too_large_for_a_page_does_not_end_the_build(facts_of, monkeypatch):
    monkeypatch.setattr(weights, "MOST_BYTES", 100)
    page = facts_of("says why it holds no model")
    assert "This poet does not fit into a page. The model has" in page and "<script" not in page
