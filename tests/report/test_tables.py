"""The tables of the page: text stays text, and a missing file is one message."""

import pytest

from poet.errors import DataError
from poet.report.tables import ShownRemoval, read_history, read_removals
from tests.report.shelf import HISTORY


def test_removals_are_grouped_by_book_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "removals.csv"
    header = "book,rule,characters,bytes,first_words,last_words"
    path.write_text(f"{header}\n0158,licence,9,10,NA,\nemma,credits,1,1,a,b\n0158,credits,3,3,c,d\n", encoding="utf-8")
    removals = read_removals(path)
    assert list(removals) == ["0158", "emma"]
    first, second = removals["0158"]
    assert first == ShownRemoval(rule="licence", bytes=10, first_words="NA", last_words="")
    assert second.rule == "credits"
    path.write_text(f"{header}\n0158,licence,9,10,a,b\n", encoding="utf-8")
    assert list(read_removals(path)) == ["0158"], "an id is no number"
    path.write_text(f"{header}\n", encoding="utf-8")
    assert read_removals(path) == {}


def test_what_was_not_measured_is_nan(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(HISTORY, encoding="utf-8")
    assert read_history(path)["validation_loss"].isna().tolist() == [True, False, True, False]
    with pytest.raises(DataError, match="does not exist"):
        read_history(tmp_path / "none.csv")
