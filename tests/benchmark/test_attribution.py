"""The attribution benchmark: its figures are there, and are those of the books it was given."""

import json

import pytest
from click import ClickException
from click.testing import CliRunner

from poet.attribution.matching import match_ends
from poet.benchmark.attribution import check_quotes, main
from tests.attribution.shelf import indexed
from tests.cleaning.shelf import clean_shelf
from tests.clone import ROOT
from tests.texts import babble


def test_all_figures_are_there(write_books, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("poet.benchmark.attribution.LONG", 5000)
    monkeypatch.setattr("poet.benchmark.attribution.PASSAGES", {2100: 2})
    clean = clean_shelf(write_books(a=babble(1, 3000), b=babble(2, 3000)), tmp_path)
    result = CliRunner().invoke(main, ["--clean", str(clean), "--scaling", "0.1", "--beside"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    (grown,) = figures["scaling"]
    assert 80_000 < grown["bytes"] < 100_000 and figures["books"]["bytes"] < 40_000
    kinds = {"human", "short_copies", "long_copies"}
    for row in (figures["books"], grown):
        assert 10 < row["disk_bytes_per_byte"] < 13  # two views of text, suffixes and keys
        assert row["open_milliseconds"] < 50
        assert row["microseconds_per_character"].keys() == kinds
    assert figures["beside_ml_indie_tools"].keys() == kinds


def test_a_guard_is_timed_with_a_model(built, monkeypatch):
    monkeypatch.chdir(built)
    for name, value in {"ROWS": (1, 2), "GENERATED": 5, "REPEATS": 1, "LONG": 2100, "PASSAGES": {2100: 1}}.items():
        monkeypatch.setattr(f"poet.benchmark.attribution.{name}", value)
    words = ["--clean", "data/clean/shakespeare", "--model", "models/shakespeare"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["guard"].keys() == {"1", "2"}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([("x", 0), (" the same twenty ", 1)], "' the same twenty ' is a quote, but .* lengths"),
        ([("x", 0), (" the same twenty l", 0)], "' the same twenty l' is no quote, but .* lengths"),
    ],
)
def test_a_quote_that_is_not_the_longest_is_an_error(parts, message):
    ends = match_ends(indexed({"a": "in the same twenty letters"}), "x the same twenty lines")
    check_quotes(ends, [("x", 0), (" the same twenty l", 1), ("ines", 0)])
    with pytest.raises(ClickException, match=message):
        check_quotes(ends, parts)
