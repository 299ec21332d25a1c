"""Names of machines and their files: kept, found again, never another's, and nothing outside their folder."""

import dataclasses
import json

import pytest

from poet.benchmark.models import DEFAULT
from poet.benchmark.names import choose_name
from poet.benchmark.plan import Case, benchmark, plan_benchmark
from poet.benchmark.saved import STAGE, find_benchmark, known_benchmarks, save
from poet.errors import ConfigError, DataError
from poet.results.benchmark import Benchmark, read_saved, write_benchmarks
from tests.benchmark.test_measure import SETTING
from tests.benchmark.test_plan import MACHINE, timed


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


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seconds_per_iteration", 0.0),
        ("seconds_p95", float("nan")),
        ("n_head", 5),
        ("precision", "int8"),
        ("device", "xpu"),
        ("threads", 0),
        ("devices", []),
    ],
)
def test_figures_that_nobody_can_have_measured_are_refused(tmp_path, key, value):
    """A page divides by them: one bad file of a colleague would end every report."""
    row = timed(Case(model=DEFAULT, setting=SETTING))
    path = save(tmp_path, "x", Benchmark(machine=MACHINE, measured="2026-11-26", minutes=1.0, rates=(), rows=(row,)))
    text = path.read_text(encoding="utf-8")
    content = json.loads(text)
    places = [content["x"]["rows"][0], content["x"]["rows"][0]["training"], content["x"]["rows"][0]["shape"]]
    [place] = [place for place in [*places, content["x"]["machine"]] if key in place and key != "threads"] or places[:1]
    place[key] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match="from git again"):
        known_benchmarks(tmp_path)


def test_a_damaged_name_is_forgotten(tmp_path):
    kept = tmp_path / ".poet" / "machine"
    kept.parent.mkdir()
    for content in (b"\xff", b"", b"../x\n"):
        kept.write_bytes(content)
        assert choose_name(tmp_path, MACHINE, None) == "a-4-cores"
