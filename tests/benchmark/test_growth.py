"""How cost grows: every size that is measured is one that a model can have, and a whole run writes the figures."""

import dataclasses

import pytest
from click.testing import CliRunner

from poet.benchmark import growth
from poet.benchmark.growth import VALUES, main
from poet.benchmark.models import DEFAULT, parameters
from poet.benchmark.plan import Case
from poet.books.manifest import MANIFEST, CleanBook, write_manifest
from poet.files import write_text
from poet.results.benchmark import read_benchmarks
from tests.benchmark.test_plan import timed
from tests.clone import ROOT
from tests.report.shelf import a_book


@pytest.mark.parametrize("sweep", VALUES)
def test_one_size_varies_and_the_model_is_possible(sweep):
    key, values = VALUES[sweep]
    shapes = [model.shape for model in growth._varied(sweep)]
    assert [getattr(shape, key) for shape in shapes] == list(values)
    assert all(parameters(shape) > 0 for shape in shapes)
    if sweep == "context":
        assert {shape.tokens for shape in shapes} == {DEFAULT.shape.tokens}
    # The default model is one of them, but for the number of its heads.
    assert any(dataclasses.replace(shape, n_head=DEFAULT.shape.n_head) == DEFAULT.shape for shape in shapes)


def test_a_run_writes_rows_of_all_sweeps_and_what_stages_take(tmp_path, monkeypatch):
    text = "The king of the hill went to the house of the queen. " * 40
    write_text(tmp_path / "clean" / "b.txt", text)
    write_manifest(tmp_path / "clean" / MANIFEST, [a_book("b", characters=len(text))], CleanBook)
    monkeypatch.setattr(growth, "SIZES", (0.01,))
    monkeypatch.setattr(growth, "run_measured", lambda command: (1.5, 3_000_000))
    monkeypatch.setattr(
        growth, "measure", lambda model, setting, rates, sweep: timed(Case(model=model, setting=setting, sweep=sweep))
    )
    options = ["--params", str(ROOT / "params.yaml"), "--clean", str(tmp_path / "clean"), "--out"]
    result = CliRunner().invoke(main, [*options, str(tmp_path / "growth.json")])
    assert result.exit_code == 0, result.output
    [found] = read_benchmarks(tmp_path / "growth.json").values()
    assert {row.sweep for row in found.rows} == set(VALUES) and len(found.rows) == sum(
        len(v) for _, v in VALUES.values()
    )
    assert [(cost.stage, cost.characters, cost.seconds) for cost in found.corpora] == [
        ("tokenize", 10_000, 1.5),
        ("index", 10_000, 1.5),
    ]
