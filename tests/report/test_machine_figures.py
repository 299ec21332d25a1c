"""The machine of the build in detail, and the chapter on speed of a page, for no machine and for twenty."""

import dataclasses

from lxml import html

from poet.report.machine_figures import describe_machine, machine_pages, speeds
from poet.report.render import escape_exactly
from poet.results.benchmark import Device
from tests.benchmark.figures import GPU, a_benchmark, a_row, some_machines, training
from tests.report.shelf import HOSTILE, made_up_results
from tests.report.test_collection_page import page_of


def chapter(own, saved):
    results = dataclasses.replace(made_up_results(samples=0), benchmark=own, machines=saved)
    return html.fromstring(page_of(results)).get_element_by_id("speed")


def tables_of(benchmark):
    (page,) = machine_pages({"a": benchmark})
    return {table.title: table for table in page.tables}


def test_a_machine_is_described_with_its_devices():
    devices = (
        Device(device="cpu", name="Two Cores 3000"),
        Device(device="cuda:0", name="Fast GPU", memory_bytes=80_000_000_000, driver="580.1"),
    )
    sentence = describe_machine(a_benchmark(devices=devices, power="on battery"))
    for part in ("Two Cores 3000, 2 cores", "8.0\N{NO-BREAK SPACE}GB memory", "on battery", "torch 2.13.0", "abcdef0"):
        assert part in sentence
    assert "Fast GPU (cuda:0) with 80.0\N{NO-BREAK SPACE}GB and driver 580.1" in sentence
    assert sentence.endswith("measured on 26 November 2026 within 2.0 minutes")


def test_every_setting_has_its_figures():
    rows = tables_of(some_machines()["quiet-laptop"])["Training in every setting"].rows
    assert len(rows) == 5, "four models as trained, one of them in another precision; no sweep, nothing unmeasured"
    assert rows[0] == (
        "default",
        "Two Cores 3000 (cpu)",
        "float32, 2 threads, as in a training",
        "0.104",
        "0.0988 to 0.114",
        "39,385",
        "41.0\N{NO-BREAK SPACE}%",
        "1.60",
        "734\N{NO-BREAK SPACE}MB",
        "",
    )
    generation = tables_of(some_machines()["quiet-laptop"])["Generation"].rows[0]
    assert generation[3:] == ("1,005", "7,777", "0.00420", "3.0\N{NO-BREAK SPACE}%", "")


def test_a_sweep_names_the_fastest_and_the_largest_that_fits():
    tables = tables_of(some_machines()["quiet-laptop"])
    rows = tables["Batch sizes of the model default on Two Cores 3000 (cpu), float32"].rows
    assert [(row[0], row[-1]) for row in rows] == [
        ("4", "the fastest"),
        ("16", ""),
        ("64", "the largest that fits"),
        ("256", "out of memory"),
    ]
    threads = tables["Threads of the model default on Two Cores 3000 (cpu), float32"].rows
    assert [(row[0], row[3], row[-1]) for row in threads] == [("1", "1.83", ""), ("2", "1.00", "the fastest")]


def test_what_no_time_was_left_for_says_nothing_about_memory():
    larger = dataclasses.replace(a_row().shape, batch_size=64)
    rows = [a_row(sweep="batch"), a_row(seconds=None, sweep="batch", shape=larger, reason="no time left: 3 s")]
    (table,) = (table for title, table in tables_of(a_benchmark(*rows)).items() if title.startswith("Batch"))
    assert [row[-1] for row in table.rows] == ["the fastest", "no time left: 3 s"]


def test_a_noisy_row_of_a_sweep_is_never_the_fastest():
    rows = [
        a_row(seconds=0.1, threads=1, sweep="threads"),
        a_row(seconds=0.01, threads=2, sweep="threads", noise=("busy", "hot")),
    ]
    (table,) = (table for title, table in tables_of(a_benchmark(*rows)).items() if title.startswith("Threads"))
    assert [(row[3], row[-1]) for row in table.rows] == [("1.00", "the fastest"), ("–", "noisy: busy; hot")]


def test_the_chapter_shows_all_machines_and_marks_noise():
    machines = some_machines()
    own = {"quiet-laptop": machines.pop("quiet-laptop")}
    section = chapter(own, machines)
    text = " ".join(section.text_content().split())
    first = section.find(".//table")
    assert [row.find("th").find("bdi").text for row in first.find("tbody")] == [
        *("fast-server", "quiet-laptop", "fast-server", "busy-laptop")
    ]
    assert (
        "noisy: other work took 1.6 of the 2 cores; load average 0.3; on battery" in text
        and "A figure is noisy if" in text
    )
    assert "Not measured: 2" in text and "torch finds no mps device" in text
    assert text.count("Further figures of") == 1 and "Further figures of quiet-laptop" in text
    assert "its own measurement of 2023, on its own model" in text and "2.95" in text


def test_quiet_machines_have_no_warning():
    assert "A figure is noisy if" not in chapter({"a": a_benchmark(a_row())}, {}).text_content()


def test_no_machine_one_and_twenty():
    empty = chapter({}, {}).text_content()
    assert "No machine was measured yet" in empty and "Nvidia A100 40GB" in empty and "Further figures" not in empty
    one = chapter({}, {"a": a_benchmark(a_row())})
    assert len(one.find(".//table").find("tbody")) == 1 and "No machine was measured" not in one.text_content()
    twenty = {f"machine-{i}": a_benchmark(a_row(seconds=0.1 + i), a_row(seconds=0.01, **GPU)) for i in range(20)}
    assert len(chapter({}, twenty).find(".//table").find("tbody")) == 40


def test_only_the_build_s_machine_says_what_other_devices_it_lacks():
    """A row for each absent device of each of twenty machines would bury what failed."""
    absent = a_row(seconds=None, device="mps", as_trained=False)
    assert len(speeds({"a": a_benchmark(absent)}, {"b": a_benchmark(absent)}).missing) == 1


def test_a_sweep_without_any_figure_is_among_what_was_not_measured():
    """And one with a figure names what it lacks itself, so nothing is said twice."""
    lacking = [a_row(seconds=None, threads=count, sweep="threads", as_trained=False) for count in (1, 4)]
    without = {"a": a_benchmark(a_row(seconds=None), *lacking)}
    assert len(speeds(without, {}).missing) == 3 and tables_of(without["a"]).keys() == {"A large matrix product"}
    measured = {"a": a_benchmark(a_row(), *lacking)}
    assert speeds(measured, {}).missing == []
    (table,) = (table for title, table in tables_of(measured["a"]).items() if title.startswith("Threads"))
    assert [row[0] for row in table.rows] == ["1", "2", "4"]


def test_hostile_names_are_shown_and_escaped():
    row = a_row(HOSTILE, device_name=HOSTILE, device=HOSTILE, precision=HOSTILE, noise=(HOSTILE,))
    failed = a_row(HOSTILE, None, reason=HOSTILE, device_name=HOSTILE)
    evil = a_benchmark(
        row, failed, dataclasses.replace(row, sweep="batch"), measured=HOSTILE, processor=HOSTILE, power=HOSTILE
    )
    results = dataclasses.replace(made_up_results(samples=0), benchmark={HOSTILE: evil}, machines={"b": evil})
    page = page_of(results)
    assert str(escape_exactly(HOSTILE)) in page and "<script>alert" not in page and "<img" not in page


def test_a_time_without_spread_draws_a_bar():
    still = training(0.1, seconds_p5=0.1, seconds_p95=0.1)
    assert 'width="100.0"' in html.tostring(chapter({"a": a_benchmark(a_row(training=still))}, {})).decode()
