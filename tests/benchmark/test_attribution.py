"""The attribution benchmark: its figures are there, and are those of the books it was given."""

import json

from click.testing import CliRunner

from poet.benchmark.attribution import main
from tests.clone import ROOT
from tests.conftest import babble
from tests.corpus.shelf import clean_shelf


def test_all_figures_are_there(write_books, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    clean = clean_shelf(write_books(a=babble(1, 3000), b=babble(2, 3000)), tmp_path)
    result = CliRunner().invoke(main, ["--clean", str(clean), "--scaling", "0.1"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    (grown,) = figures["scaling"]
    assert 80_000 < grown["bytes"] < 100_000 and figures["books"]["bytes"] < 40_000
    for row in (figures["books"], grown):
        assert 10 < row["disk_bytes_per_byte"] < 13  # two views of text, suffixes and keys
        assert row["put_together"]["2100"]["spans"] > 0 and row["open_milliseconds"] < 50
