"""What minutes buy: the trainings are those of train.minutes, and the figure is that of the stage evaluate."""

import json

import pytest
from click.testing import CliRunner

from poet.benchmark.presets import main
from poet.training import budget
from poet.training.budget import Size
from tests.cleaning.shelf import clean_shelf
from tests.clone import ROOT
from tests.recipes import CHAR, SPLIT
from tests.shrink import shrink
from tests.texts import babble
from tests.tokens.written import write_tokens


def test_each_seed_is_a_training_of_what_was_picked(write_books, tmp_path, monkeypatch):
    tokens = tmp_path / "tokens"
    write_tokens(clean_shelf(write_books(a=babble(1, 8000)), tmp_path), SPLIT, CHAR, tokens)
    monkeypatch.setattr(budget, "SIZES", (Size(flops=0.0, n_layer=1, n_head=1, n_embd=16),))
    monkeypatch.setattr(budget, "MAX_EPOCHS", 2.0)
    monkeypatch.setattr(budget, "TEACHERS", ((0.0, 1),))
    words = ["--tokens", str(tokens), "--minutes", "0.1", "--seeds", "2", "--json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0
    (row,) = json.loads(result.stdout)["rows"]
    assert row["picked"]["model.n_embd"] == 16 and row["picked"]["train.teachers"] == 1
    one, two = row["bits_per_character"]
    # A machine that is busy has time for five steps, after which the model knows next to nothing: 8.03 bits were seen.
    assert one != two and 0 < one < 9 and len(row["seconds"]) == 2


def test_the_default_recipe_is_a_row_too(write_books, tmp_path, monkeypatch):
    tokens = tmp_path / "tokens"
    write_tokens(clean_shelf(write_books(a=babble(1, 8000)), tmp_path), SPLIT, CHAR, tokens)
    params = tmp_path / "params.yaml"
    params.write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    shrink(params)
    words = ["--params", str(params), "--tokens", str(tokens), "--minutes", "default", "--json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    (row,) = json.loads(result.stdout)["rows"]
    assert row["minutes"] is None and row["picked"] == {} and 0 < row["bits_per_character"][0] < 9


@pytest.mark.parametrize("minutes", ["ten", "1,,2"])
def test_other_words_than_numbers_are_one_message(minutes):
    result = CliRunner().invoke(main, ["--tokens", "x", "--minutes", minutes])
    assert result.exit_code == 2 and "is no list of numbers" in result.output
