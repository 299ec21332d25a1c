"""The stages tokenize and tokenizers: what they write, and what they say of lost words and wrong weights."""

import json

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from poet.tokenizers.kinds import KINDS
from poet.tokenizers.tokenizer import decode, load_tokenizer
from poet.tokens.token_files import open_tokens, read_meta
from stages.tokenize import main
from stages.tokenizers import main as compare
from tests.cleaning.shelf import clean_shelf
from tests.stages.small import COLLECTION, save_untrained, write_params
from tests.texts import babble
from tests.tiny import CONFIG

HELD_OUT = babble(3, 300)


@pytest.fixture
def clean(write_books, tmp_path):
    return clean_shelf(write_books(a=babble(1, 4000), b=babble(2, 900), held=HELD_OUT), tmp_path)


def run(tmp_path, clean, command=main, **sections):
    sections = {"split": {"held_out_books": ["held"]}, "tokenize": {"vocab_size": 400}} | sections
    params = write_params(tmp_path / "params.yaml", ["The "], **sections)
    words = ["--params", str(params), "--clean", str(clean), "--out", str(tmp_path / "out")]
    return CliRunner().invoke(command, [*words, "--collection", COLLECTION] if command is main else words)


def test_all_splits_are_written(tmp_path, clean):
    result = run(tmp_path, clean)
    assert result.exit_code == 0, result.output
    data, tokenizer = open_tokens(tmp_path / "out"), load_tokenizer(tmp_path / "out" / "tokenizer.json")
    assert decode(tokenizer, data.splits["held_out"]) == HELD_OUT
    assert [book["book"] for book in data.meta["splits"]["train"]["books"]] == ["a", "b"]
    assert "tokens in the vocabulary" in result.stderr and "unknown" not in result.stderr


def test_validation_text_that_another_book_trains_on_is_named(tmp_path, write_books):
    """Three in a hundred are enough: the bits per character of such text are a lie."""
    scene = babble(7, 300)
    clean = clean_shelf(write_books(a=babble(1, 9000) + scene, b=scene + babble(2, 900), c=babble(4, 900)), tmp_path)
    result = run(tmp_path, clean, split={"held_out_books": []})
    assert result.exit_code == 0, result.output
    (leak,) = json.loads((tmp_path / "out" / "meta.json").read_text(encoding="utf-8"))["leaks"]
    assert (leak["book"], leak["other"]) == ("a", "b") and 0.2 < leak["share"] < 0.5
    assert "of the text of a that is not trained on stands in the training text of b" in result.stderr


def test_lost_words_are_reported(tmp_path, clean):
    result = run(tmp_path, clean, tokenize={"kind": "word", "vocab_size": 12})
    assert "tokens are unknown words" in result.stderr


def test_a_weight_of_no_book_stops_the_stage(tmp_path, clean):
    run(tmp_path, clean)
    yaml = YAML()
    params = yaml.load(tmp_path / "params.yaml")
    params["collections"][COLLECTION]["weights"] = {"z": 2.0}
    yaml.dump(params, tmp_path / "params.yaml")
    words = ["--params", str(tmp_path / "params.yaml"), "--collection", COLLECTION, "--clean", str(clean)]
    result = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "other")])
    assert result.exit_code == 1
    assert "no book 'z'; it has a, b, held" in result.stderr
    assert not (tmp_path / "other").exists()


def test_the_comparison_has_a_row_for_every_kind(tmp_path, clean):
    result = run(tmp_path, clean, compare)
    assert result.exit_code == 0, result.output
    rows = json.loads((tmp_path / "out").read_text(encoding="utf-8"))
    assert [row["kind"] for row in rows] == list(KINDS)
    assert [row["kind"] for row in rows if row["chosen"]] == ["bpe"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_from_another_model_takes_its_tokenizer_to_the_byte(tmp_path, write_books, clean, kind):
    """tokenize.kind says something else, and the other book has letters that the tokenizer does not know."""
    run(tmp_path, clean, tokenize={"kind": kind, "vocab_size": 460})
    tokenizer = tmp_path / "out" / "tokenizer.json"
    # As an editor may leave it: the same tokenizer in other bytes.
    tokenizer.write_text(json.dumps(json.loads(tokenizer.read_text(encoding="utf-8"))), encoding="utf-8")
    save_untrained(tmp_path / "first", tokenizer, CONFIG)
    (tmp_path / "other").mkdir()
    other = clean_shelf(write_books(strange="Žluťoučký kůň. " + babble(9, 900)), tmp_path / "other")
    another = "byte" if kind == "bpe" else "bpe"
    result = run(tmp_path, other, tokenize={"kind": another}, train={"init_from": str(tmp_path / "first")})
    assert result.exit_code == 0, result.output
    assert "the section tokenize has no effect" in result.stderr
    assert tokenizer.read_bytes() == (tmp_path / "first" / "tokenizer.json").read_bytes()
    meta = read_meta(tmp_path / "out")
    assert meta["kind"] == kind
    lost = meta["splits"]["train"]["unknown_characters"], meta["splits"]["train"]["spelling_bits"]
    assert all(lost) if kind == "word" else not any(lost)


def test_a_folder_that_is_no_model_stops_the_stage(tmp_path, clean):
    (tmp_path / "empty").mkdir()
    for name, words in (("missing", "does not exist"), ("empty", "lacks config.json, tokenizer.json, model.safetens")):
        result = run(tmp_path, clean, train={"init_from": str(tmp_path / name)})
        assert result.exit_code == 1 and f"train.init_from: {tmp_path / name} " in result.stderr
        assert words in result.stderr and not (tmp_path / "out").exists()
