"""Names of machines and their files: kept, found again, never another's, and nothing outside their folder."""

import dataclasses
import json

import pytest

from poet.benchmark.names import choose_name
from poet.benchmark.plan import benchmark, plan_benchmark
from poet.benchmark.saved import STAGE, find_benchmark, known_benchmarks, save
from poet.errors import ConfigError, DataError
from poet.results.benchmark import read_saved, write_benchmarks
from tests.benchmark.test_plan import MACHINE


@pytest.fixture
def figures():
    """A benchmark that had no time."""
    return benchmark(MACHINE, plan_benchmark(MACHINE)[:1], 0.0, lambda case: None)


def test_a_name_that_was_given_once_stays(tmp_path):
    assert choose_name(tmp_path, MACHINE, None) == "a-4-cores"
    assert choose_name(tmp_path, MACHINE, "lab-server") == choose_name(tmp_path, MACHINE, None) == "lab-server"


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "con", "nul.json", ".x", "a b", "x" * 65, "a\n", "ä"])
def test_a_name_that_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="cannot be the name of a file"):
        choose_name(tmp_path, MACHINE, name)
    assert not list(tmp_path.iterdir())


def test_figures_are_found_under_the_name_of_their_machine(tmp_path, figures):
    path = save(tmp_path, "lab-server", figures)
    assert path == tmp_path / "reports/benchmarks/lab-server.json"
    assert list(json.loads(path.read_text(encoding="utf-8"))) == ["lab-server"]
    assert read_saved(path.parent) == {"lab-server": figures}
    # The file of the stage came from a colleague: it adds a machine, and stands back behind newer figures.
    newer, older = (dataclasses.replace(figures, measured=day) for day in ("2099-01-01", "2000-01-01"))
    write_benchmarks(tmp_path / STAGE, {"laptop": figures, "lab-server": older})
    assert known_benchmarks(tmp_path) == {"lab-server": figures, "laptop": figures}
    write_benchmarks(tmp_path / STAGE, {"lab-server": newer})
    assert known_benchmarks(tmp_path) == {"lab-server": newer}


def test_an_unknown_machine_gets_the_names_that_there_are(tmp_path, figures):
    with pytest.raises(DataError, match="poet benchmark --save"):
        find_benchmark(known_benchmarks(tmp_path), "laptop")
    save(tmp_path, "lab-server", figures)
    with pytest.raises(DataError, match=r"did you mean 'lab-server'\?\); saved are lab-server"):
        find_benchmark(known_benchmarks(tmp_path), "lab-serer")


def test_a_damaged_file_is_named(tmp_path, figures):
    path = save(tmp_path, "lab-server", figures)
    path.write_text('{"lab-server": {"minutes": 2}}', encoding="utf-8")
    with pytest.raises(DataError, match=r"lab-server\.machine: field required\. Take .* from git again"):
        known_benchmarks(tmp_path)
