"""The start page: runs compared by what differs, collections beside each other."""

import dataclasses

from poet.report.collection_page import summarize
from poet.report.render import escape_exactly
from poet.report.start_page import MAX_RUNS, compared_runs, start_page
from tests.report.shelf import HOSTILE, a_run, made_up_results


def test_runs_are_compared_by_what_differs():
    same = {"train.seed": "1", "train.steps": "5"}
    one = a_run("one", 2.0, **same)
    two = a_run("two", 1.5, **same | {"train.steps": "9", "model.n_layer": "2", "model.yoke": "None"})
    unfinished = a_run("three", None, **{"train.seed": "7"})
    assert compared_runs([one], "one") == compared_runs([one, unfinished], "one") == []
    runs = compared_runs([one, unfinished, two], "one")
    assert [(run.name, run.params) for run in runs] == [
        ("two", [("model.n_layer", "2"), ("train.steps", "9")]),
        ("one", [("train.steps", "5")]),
    ]
    assert runs[0].bits_per_character == 1.5 and runs[0].longest is None
    assert [run.reported for run in runs] == [False, True]


def test_figures_have_their_names_in_mlflow():
    run = a_run("one", 2.0)
    run.metrics.update({
        "evaluation/held_out_bits_per_character": 2.5,
        "copying/share_at_30": 0.25,
        "copying/excess_at_30": 0.125,
        "copying/excess_at_30_low": -0.0625,
        "copying/excess_at_30_high": 0.25,
        "copying/longest": 40,
    })
    found = compared_runs([run, a_run("two", 3.0)], "")[0]
    assert (found.held_out_bits_per_character, found.share, found.excess, found.longest) == (2.5, 0.25, 0.125, 40)
    assert found.excess_interval == (-0.0625, 0.25)


def test_the_reported_run_is_shown_however_bad_it_is():
    many = [a_run(str(i), 1 + i, **{"train.seed": str(i)}) for i in range(99)]
    assert [run.name for run in compared_runs(many, "50")] == [*map(str, range(MAX_RUNS)), "50"]


def test_the_start_page_compares():
    summary = summarize(made_up_results(hostile=True), "abc")
    other = dataclasses.replace(
        summary,
        collection="other",
        title=HOSTILE,
        bits_per_character=1.5,
        held_out_bits_per_character=None,
        human_share_at=dict.fromkeys(summary.human_share_at),
        excess=None,
    )
    runs = [a_run(HOSTILE, 1.5, **{"train.steps": HOSTILE}), a_run("other", 2.5)]
    page = start_page([other, summary], {"shakespeare": runs})
    assert page.index("1.500") < page.index("2.200"), "in the order of the summaries"
    assert str(escape_exactly(HOSTILE)) in page and "<script>alert" not in page
    assert "-0.4 to +3.1" in page, "the interval stands beside the difference"
    assert page.count("<tr>") == 6, "a row of headings and two rows, for the collections and for the runs"
    assert start_page([other, summary], {}).count("<tr>") == 3


def test_a_start_page_without_any_collection():
    assert start_page([], {}).count("<tr>") == 1, "the row of headings"
