"""docs/performance.md: made from its files, the same each time, and the committed page is what they make."""

import re

import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from poet.report import performance_page as module
from poet.report.performance_page import main, plain, write_performance_page
from poet.results.benchmark import write_benchmarks
from tests.benchmark.figures import a_benchmark, a_row, growth, some_machines
from tests.clone import ROOT
from tests.report.shelf import HOSTILE


@pytest.fixture
def made(tmp_path):
    """The files of a made-up page; returns the page."""
    for name, benchmark in some_machines().items():
        write_benchmarks(tmp_path / "machines" / f"{name}.json", {name: benchmark})
    write_benchmarks(tmp_path / "performance" / "growth.json", growth())
    return make(tmp_path)


def make(folder):
    options = ["--machines", folder / "machines", "--growth", folder / "performance" / "growth.json"]
    result = CliRunner().invoke(main, [*map(str, options), "--out", str(folder / "page.md")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder / "page.md"


def test_the_committed_page_is_what_the_committed_files_make(tmp_path):
    """Whoever adds a machine makes the page again: `performance_page.MAKE` is the command."""
    docs = ROOT / "docs"
    growth_file = tmp_path / "docs" / "performance" / "growth.json"
    growth_file.parent.mkdir(parents=True)
    for source in ("growth.json", module.BESIDE):
        if (docs / "performance" / source).exists():
            (growth_file.parent / source).write_bytes((docs / "performance" / source).read_bytes())
    write_performance_page(ROOT / "reports" / "benchmarks", growth_file, tmp_path / "docs" / "performance.md")
    found = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    committed = [docs / "performance.md", *(docs / "performance").glob("*")]
    assert found == {path.relative_to(ROOT): path.read_bytes() for path in committed}, f"run: {module.MAKE}"


def test_the_page_shows_machines_published_figures_and_plots(made):
    text = made.read_text(encoding="utf-8")
    assert (
        "| fast-server | Fast GPU 80GB \\(cuda:0\\) | bfloat16, compiled | 0.00400 | 0.00380 to 0.00440 | 1.00 |"
        in text
    )
    assert "| – | 2 October 2026 | noisy: other work took 1.6 of the 2 cores; load average 0.3; on battery |" in text
    assert "| Nvidia A100 40GB | 0.800 | 1.00 | 26 January 2023 |" in text and "its own measurement of 2023" in text
    assert "Not measured: 2" in text and "no time left of 2 minutes" in text
    for command in (module.MEASURE, module.GROW, module.MAKE):
        in_lines = command.replace(" --", " \\\n  --") if command != module.MEASURE else command
        assert f"```sh\n{in_lines}\n```" in text
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures == [f"performance/{key}.svg" for key in (*module.SIZES, *module.CORPUS)]
    assert all((made.parent / picture).is_file() for picture in pictures)
    assert text.count("\\(power ") == 5 + 2 * 3, "a sentence for each curve"


def test_the_page_is_the_same_each_time_and_plots_of_nothing_are_removed(made):
    before = {path: path.read_bytes() for path in made.parent.rglob("*") if path.is_file()}
    make(made.parent)
    assert before == {path: path.read_bytes() for path in made.parent.rglob("*") if path.is_file()}
    write_benchmarks(made.parent / "performance" / "growth.json", {})
    make(made.parent)
    assert not list(made.parent.rglob("*.svg")) and "Not measured yet." in made.read_text(encoding="utf-8")


def test_a_page_of_nothing(tmp_path):
    (tmp_path / "performance").mkdir()
    text = make(tmp_path).read_text(encoding="utf-8")
    assert "No machine is saved yet." in text and "Nvidia T4 16GB" in text and "Not measured yet." in text


def test_what_people_write_stands_at_the_end(tmp_path):
    (tmp_path / "performance").mkdir()
    (tmp_path / "performance" / module.BESIDE).write_text("## Beside nanoGPT\n\nIt is fast.\n", encoding="utf-8")
    assert make(tmp_path).read_text(encoding="utf-8").endswith("\n\n## Beside nanoGPT\n\nIt is fast.\n")


@pytest.mark.parametrize(
    "name", [HOSTILE, "a|b", "[x](y)", "# head", "- point", "`code`", "http://x.example", "![i](j)"]
)
def test_names_of_machines_stay_text(tmp_path, name):
    rows = [a_row(name, 0.5, device_name=name, noise=(name,)), a_row(name, None, reason=name)]
    write_benchmarks(tmp_path / "machines" / "x.json", {name: a_benchmark(*rows, measured=name, processor=name)})
    (tmp_path / "performance").mkdir()
    html = MarkdownIt("gfm-like", {"linkify": False}).render(make(tmp_path).read_text(encoding="utf-8"))
    assert not re.search(r"<(script|img|a|style)\b", html) and "<h1>" in html and html.count("<h1>") == 1
    # No cell is split, and each row has the cells of its head.
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        rows = [len(re.findall(r"<t[hd]", row)) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)]
        assert len({*rows}) == 1


def test_plain_text_keeps_its_words():
    text = "fast-server_2 (AMD EPYC) 95 % * 2"
    assert MarkdownIt().render(plain(text)).strip() == f"<p>{text}</p>"
