"""The token benchmark: its figures are those of a small run, and it measures another process's memory."""

import json
import subprocess
import sys

from click.testing import CliRunner

from poet.benchmark.tokens import main
from poet.costs import high_water_mark
from tests.cleaning.shelf import clean_shelf
from tests.clone import ROOT
from tests.shrink import shrink
from tests.texts import babble


def test_all_figures_are_there(write_books, tmp_path):
    params = tmp_path / "params.yaml"
    params.write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    shrink(params)
    clean = clean_shelf(write_books(a=babble(1, 9000), b=babble(2, 9000)), tmp_path)
    result = CliRunner().invoke(main, ["--params", str(params), "--clean", str(clean), "--scaling", "1,2"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["ngram"]["characters_per_token"] > 4
    assert figures["bpe"]["encode"]["ratio"] > 0
    assert figures["batches"]["share"] < 1
    assert [row["characters"] // 1_000_000 for row in figures["scaling"]] == [1, 2]
    assert all(row["resident_megabytes"] > 50 for row in figures["scaling"])


def test_peak_memory_is_that_of_the_other_process():
    code = "x = bytearray(200_000_000); del x; print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert 200_000_000 < high_water_mark(process.pid) < 300_000_000
        process.communicate(b"\n")
