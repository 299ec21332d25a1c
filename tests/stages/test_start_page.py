"""Stage start_page: a page from the summaries, where MLflow holds no runs."""

import dataclasses
import re

from click.testing import CliRunner

from poet.report.collection_page import summarize
from poet.report.start_page import start_page
from poet.report.summary import write_summary
from poet.results.benchmark import write_benchmarks
from stages.start_page import main
from tests.benchmark.figures import some_machines
from tests.report.shelf import made_up_results
from tests.stages.small import write_params


def test_the_stage_shows_every_summary(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    summary = summarize(made_up_results(), "abc")
    better = dataclasses.replace(summary, collection="mine", bits_per_character=1.0)
    for one in (summary, better):
        write_summary(tmp_path / "summaries" / f"{one.collection}.json", one)
    page = tmp_path / "index.html"
    params = write_params(tmp_path / "params.yaml", ["The "])
    params.write_text(params.read_text(encoding="utf-8").replace("- shakespeare\n", "- mine\n", 1), encoding="utf-8")
    options = ["--params", str(params), "--summaries", str(tmp_path / "summaries"), "--out", str(page)]
    machines = some_machines()
    write_benchmarks(tmp_path / "benchmark.json", {"fast-server": machines["fast-server"]})
    write_benchmarks(tmp_path / "benchmarks" / "busy-laptop.json", {"busy-laptop": machines["busy-laptop"]})
    options += ["--benchmark", str(tmp_path / "benchmark.json"), "--machines", str(tmp_path / "benchmarks")]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    shown = {name: machines[name] for name in ("busy-laptop", "fast-server")}
    assert page.read_text(encoding="utf-8") == start_page([better, summary], {}, ["mine"], shown)
    # A build ends with four lines on each of its collections, and on no other.
    printed = result.output.splitlines()
    assert len(printed) == 4 and printed[0].startswith("mine: 1.000 bits per character")
    # The other collection has left `build`: its figures stay, but DVC has removed its report.
    links = re.findall(r'href="([^"#:]+)"', page.read_text(encoding="utf-8"))
    assert set(links) == {"mine/index.html", "mine/poet.html"} and "not in <code>build</code>" in page.read_text(
        encoding="utf-8"
    )
    assert not (tmp_path / "mlflow.db").exists(), "nothing is created only to look for runs"
