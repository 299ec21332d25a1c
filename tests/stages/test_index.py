"""Stage index: it indexes the training text of the books, and nothing else."""

from click.testing import CliRunner

import stages.index
from poet.attribution.index import open_index
from poet.attribution.spans import find_spans
from poet.params.file import load_params
from tests.clone import ROOT
from tests.stages.shelf import write_clean

PARAMS = ROOT / "params.yaml"


def test_the_index_contains_training_text_only(tmp_path):
    (held_out, *_) = load_params(PARAMS).split.held_out_books
    texts = {"one": "alpha beta gamma delta " * 10 + "OMEGA", held_out: "secret words"}
    clean = write_clean(tmp_path / "clean", texts)
    options = ["--params", str(PARAMS), "--clean", str(clean), "--out", str(tmp_path / "index")]
    result = CliRunner().invoke(stages.index.main, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "bytes of 1 books in" in result.output
    index = open_index(tmp_path / "index")
    assert index.books == ["one"]
    assert find_spans(index, "alpha beta", 5)
    assert not find_spans(index, "OMEGA", 5)
    assert not find_spans(index, "secret", 5)
