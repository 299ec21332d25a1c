"""Machines side by side: who is ranked by what, what is no comparison, and what was not measured."""

import dataclasses
import subprocess

import pytest

from poet.report.machines import describe_setting, model_tables, unmeasured
from poet.results.benchmark import newest
from tests.benchmark.figures import GPU, SHAPES, a_benchmark, a_row, some_machines, training
from tests.clone import ROOT


def table_of(machines, model="default"):
    return next(table for table in model_tables(machines) if table.model == model)


def test_the_fastest_is_first_and_the_factor_is_against_it():
    places = table_of(some_machines()).places
    assert [(place.who, place.device, place.factor) for place in places] == [
        ("fast-server", "Fast GPU 80GB (cuda:0)", 1.0),
        ("quiet-laptop", "Two Cores 3000 (cpu)", pytest.approx(26.0)),
        ("fast-server", "Server Processor (cpu)", pytest.approx(50.0)),
        ("busy-laptop", "Two Cores 3000 (cpu)", None),
    ]
    assert [place.setting for place in places[:2]] == ["bfloat16, compiled", "float32, 2 threads"]
    assert [place.day for place in places[:2]] == ["20 November 2026", "26 November 2026"]


def test_a_noisy_row_ranks_nowhere_also_if_it_is_the_fastest():
    """What else the machine did has its share in it: neither is it compared, nor is anything compared with it."""
    machines = {"a": a_benchmark(a_row(seconds=0.2)), "b": a_benchmark(a_row(seconds=0.1, noise=("busy",)))}
    quiet, noisy = table_of(machines).places
    assert (quiet.who, quiet.factor) == ("a", 1.0)
    assert (noisy.who, noisy.factor, noisy.remarks, noisy.noisy) == (
        *("b", None),
        ("busy", "load average 0.3", "all the same faster than every figure without noise"),
        True,
    )
    alone = table_of({"b": machines["b"]}).places
    assert [place.factor for place in alone] == [None]


def test_bars_are_drawn_on_the_scale_of_the_longest_whisker():
    slow = training(1.0, seconds_p5=0.5, seconds_p95=2.0)
    machines = {"a": a_benchmark(a_row(training=slow), a_row(training=training(0.5), device="cuda:0"))}
    fast, slow = table_of(machines).places
    assert (slow.width, slow.whisker) == (50.0, (25.0, 100.0)) and fast.width == 25.0


def test_only_the_setting_of_a_training_is_compared():
    rows = [a_row(seconds=0.2), a_row(seconds=0.1, as_trained=False), a_row(seconds=0.1, sweep="threads")]
    assert [place.seconds for place in table_of({"a": a_benchmark(*rows)}).places] == [0.2]


def test_models_of_one_name_and_of_other_sizes_are_not_compared():
    """An older commit's default model may have been smaller: its machine was not faster by that."""
    small = a_row(seconds=0.01, shape=dataclasses.replace(SHAPES["default"], n_layer=1))
    machines = {"old": a_benchmark(small), "a": a_benchmark(a_row()), "b": a_benchmark(a_row(seconds=0.2))}
    first, second = (table for table in model_tables(machines) if table.model == "default")
    assert [place.factor for place in first.places] == [1.0, 2.0] and [place.factor for place in second.places] == [1.0]
    assert "3 layers, 2 heads, 192 wide, context 256, vocabulary 2,048, batch 16, modern" in first.shape
    assert "1 layer, 2 heads" in second.shape


def test_the_order_of_the_models_is_that_of_the_page():
    machines = {"a": a_benchmark(a_row("mine"), a_row("gpt2"), a_row("71M"), a_row("original"))}
    assert [table.model for table in model_tables(machines)] == ["original", "71M", "gpt2", "mine"]
    assert [table.at_once for table in model_tables(machines)] == [False, True, False, False]


@pytest.mark.parametrize("machines", [{}, {"a": a_benchmark()}, some_machines()])
def test_the_published_figures_are_there_once_and_keep_their_factors(machines):
    tables = [table for table in model_tables(machines) if table.published]
    assert [table.model for table in tables] == ["71M"]
    assert [(one.seconds_per_iteration, one.factor) for one in tables[0].published] == [
        (0.8, 1.0),
        (2.34, 2.95),
        (0.539, 1.34),
        (0.401, 1.0),
    ]
    # Not one of them changes what is said of ours.
    assert [place.factor for place in tables[0].places] in ([], [1.0, pytest.approx(2.1 / 0.041)])


def test_what_was_not_measured_has_its_reason():
    missing = unmeasured(model_tables(some_machines()))
    assert [(one.who, one.device, one.model, one.reason) for one in missing] == [
        ("quiet-laptop", "mps", "default", "torch finds no mps device"),
        ("quiet-laptop", "Two Cores 3000 (cpu)", "gpt2", "no time left of 2 minutes"),
    ]


def test_of_a_machine_in_both_places_the_newer_figures_are_shown():
    old, new = a_benchmark(measured="2026-01-01"), a_benchmark(measured="2026-11-26")
    assert newest({"a": old}, {"a": new, "b": old}) == {"a": new, "b": old}
    assert newest({"a": new}, {"a": old}) == {"a": new}
    busy = a_benchmark(a_row(noise=("busy",)), measured="2026-12-01")
    quiet = a_benchmark(a_row(), measured="2026-11-01")
    assert newest({"a": busy}, {"a": quiet}) == {"a": quiet} and newest({"a": busy}, {"a": old}) == {"a": busy}
    same = dataclasses.replace(new, minutes=9.0)
    assert newest({"a": same}, {"a": new}) == {"a": same}, "of the same day, those of this build"


def test_a_day_that_is_none_is_shown_as_it_stands():
    assert table_of({"a": a_benchmark(a_row(), measured="yesterday")}).places[0].day == "yesterday"
    assert table_of({"a": a_benchmark(a_row(), measured="2026-11-26T10:00:00")}).places[0].day == "26 November 2026"


def test_git_keeps_the_saved_machines():
    """The other figures of a machine are DVC's; a rule of .gitignore that covers both would lose them."""
    files = ["reports/benchmarks/a.json", "docs/performance/growth.json", "docs/performance/width.svg"]
    ignored = ["reports/benchmark.json", "reports/shakespeare/corpus.json"]
    command = ["git", "check-ignore", "--no-index", *files, *ignored]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.stdout.split() == ignored


def test_a_gpu_has_no_threads_in_its_setting():
    assert describe_setting(a_row(**GPU)) == "bfloat16, compiled" and describe_setting(a_row(threads=1)).endswith(
        "1 thread"
    )
