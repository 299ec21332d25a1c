"""The page of a sweep: its front, its ranks, what is hostile in a name, what must not leave the machine."""

import re
from pathlib import Path

from poet.experiments.grid import Trial
from poet.experiments.outcome import Figures, Outcome
from poet.params.file import load_params
from poet.report.sweep_page import make_tables, ratio_axis, sweep_page
from tests.clone import ROOT

PARAMS = load_params(ROOT / "params.yaml")
HOSTILE = '<script>alert("x")</script>'


def outcome(name, bits=None, flops=1e12, characters=100):
    trial = Trial(name=name, changes=(f"train.steps={name}",), values={"train.steps": name}, params=PARAMS)
    if bits is None:
        return Outcome(trial=trial, problem="a private title", log=Path("/home/me/poet/.dvc/tmp/log.out"))
    figures = Figures(
        bits_per_character=bits, characters=characters, parameters=2113536, flops=flops, seconds=61, model_sha256="a"
    )
    return Outcome(trial=trial, figures={"shakespeare": figures})


def tables(*outcomes):
    return make_tables(outcomes, Path("/home/me/poet"))


def test_the_table_ranks_by_bits_and_marks_the_front():
    (table,) = tables(outcome("1", 2.5, 1e12), outcome("2", 2.0, 4e12), outcome("3", 2.25, 5e12), outcome("4"))
    assert [(row.number, row.name, row.is_front) for row in table.rows] == [
        (1, "2", True),
        (2, "3", False),
        (3, "1", True),
        (0, "4", False),
    ]
    assert (table.unit, table.rows[0].cost, table.rows[0].bits) == ("TFLOPs", "4.00", "2.000")
    # The cheapest stands left of the others, the best below them.
    best, other, cheap = table.rows[:3]
    assert cheap.x < best.x < other.x and best.y > other.y > cheap.y
    assert len(table.chart.paths[0].split()) == 2


def test_a_page_escapes_what_it_shows_and_names_no_private_file():
    page = sweep_page(HOSTILE, HOSTILE, "abc", tables(outcome(HOSTILE, 2.0), outcome("2")))
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert") >= 4
    assert "a private title" not in page and "/home/me" not in page and ".dvc/tmp/log.out" in page
    assert page == sweep_page(HOSTILE, HOSTILE, "abc", tables(outcome(HOSTILE, 2.0), outcome("2")))


def test_what_was_tested_on_different_texts_has_no_front_and_no_plot():
    (table,) = tables(outcome("1", 2.5), outcome("2", 2.0, characters=99))
    assert not table.comparable and table.chart is None and not any(row.is_front for row in table.rows)
    assert "do not compare" in sweep_page("a", "b", "c", [table])


def test_one_trial_and_none_that_worked():
    assert 'cx="50.0%"' in sweep_page("a", "b", "c", tables(outcome("1", 2.5)))
    page = sweep_page("a", "b", "c", tables(outcome("1"), outcome("2")))
    assert "<figure" not in page and len(re.findall("failed</td>", page)) == 2


def test_an_axis_of_ratios_has_ticks_whatever_its_range():
    for low, high in ((1e-9, 1e9), (0.9, 1.1), (3, 3.75), (999, 1001)):
        axis = ratio_axis(low, high)
        assert all(low <= tick <= high for tick in axis.ticks), (low, high)
    assert len(ratio_axis(0.8, 1.25).ticks) >= 1
