"""The start page: cards with a line, a verdict, bars and a day; runs in tables; nothing where there is nothing."""

import dataclasses
import re

from poet.report.collection_page import summarize
from poet.report.render import TEMPLATES, escape_exactly
from poet.report.start_page import describe, make_cards, start_page
from poet.report.summary import Line
from tests.report.shelf import HOSTILE, a_run, made_up_results

LINE = Line(text="I will not leave the king.", prompt="LEAR\n", temperature=0.6, sample=3)


def a_summary(**changes):
    """The summary of made-up results; `changes` are its other fields."""
    return dataclasses.replace(summarize(made_up_results(), "abc"), **changes)


def card(summary, runs=()):
    return make_cards([summary], {summary.collection: runs}, {summary.collection})[0]


def test_a_card_speaks():
    summary = a_summary(compressors={"ppmd": 2.5}, line=LINE)
    run = dataclasses.replace(a_run("run", 2.2), model_sha256="abc", day="2026-11-26")
    page = start_page([summary], {"shakespeare": [run]})
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page[page.index("<article") : page.index("</article>")]))
    assert "I will not leave the king." in shown and "it was given LEAR, temperature 0.6" in shown
    assert "It predicts unseen text at 2.20 bits per character, better than the compressor PPMd (2.50)" in shown
    assert "It repeats its books no more than their authors do" in shown
    assert "−0.4 and +3.1" in shown and "recorded 26 November 2026" in shown
    assert page.count('href="shakespeare/index.html"') == 2


def test_bars_have_one_scale_on_all_cards():
    one = a_summary(compressors={"xz": 4.0}, bits_per_character=2.0)
    other = a_summary(compressors={}, best_compressor=None, bits_per_character=1.0)
    cards = make_cards([one, other], {}, set())
    assert [(bar.name, bar.width) for card in cards for bar in card.bits] == [
        ("this model", 50.0),
        ("xz", 100.0),
        ("this model", 25.0),
    ]


def test_the_interval_is_drawn_from_the_share_of_people():
    shares = {"share_at": {20: 0.2, 30: 0.05}, "human_share_at": {20: 0.2, 30: 0.04}}
    summary = a_summary(**shares, excess=0.01, excess_interval=(-0.06, 0.06))
    model, people = card(summary).copied
    assert (model.width, people.width, model.whisker) == (50.0, 40.0, (0.0, 100.0)), "no share is below zero"
    alone = a_summary(**shares | {"human_share_at": {20: None, 30: None}}, excess=None, excess_interval=None)
    assert [(bar.name, bar.whisker) for bar in card(alone).copied] == [("model", None)]
    assert card(alone).difference == "" and "There is no human text" in card(alone).verdict


def test_a_collection_without_a_good_line_shows_its_first_sample():
    page = start_page([a_summary(line=None, sample="Lo,\n\n  wheer")], {})
    assert "Lo, wheer…" in page and "the beginning of its first sample" in page
    assert "<blockquote" not in start_page([a_summary(line=None, sample="")], {})


def test_a_summary_of_an_older_version_has_one_compressor():
    page = start_page([a_summary(compressors={}, best_compressor=1.9)], {})
    assert "at 2.20 bits per character." in page and "<dt>compressor</dt>" in page


def test_what_the_model_is():
    words = describe(a_summary(books=1, characters=5_000_000, parameters=57_344, epochs=0.5))
    assert words == (
        "A language model of 57,000 parameters, made for one book (5.0 million characters). "
        "It read 50.0\N{NO-BREAK SPACE}% of the training part."
    )
    assert describe(a_summary(epochs=1.94)).endswith("It read the training part 1.9 times.")


def test_hostile_strings_stay_text():
    summary = dataclasses.replace(
        summarize(made_up_results(hostile=True), "abc"),
        title=HOSTILE,
        line=dataclasses.replace(LINE, text=HOSTILE, prompt=HOSTILE),
        language=HOSTILE,
    )
    runs = [a_run(HOSTILE, 1.5, **{"train.steps": HOSTILE, "split.validation": HOSTILE}), a_run("other", 2.5)]
    page = start_page([summary], {"shakespeare": runs})
    assert str(escape_exactly(HOSTILE)) in page and "<script>alert" not in page and "<img" not in page
    assert not re.search(r"<script(?!>)", page) and page.count("<script>") == 1
    assert not re.search(r' style="|src="|@import|url\(', page)


def test_runs_are_listed_as_far_as_there_are_some():
    one, other = a_summary(), a_summary(collection="other", title="Other")
    empty = "MLflow listed no evaluated run"
    assert empty in start_page([one], {}) and start_page([one], {}).count("<table") == 0
    assert empty in start_page([one], {"shakespeare": [a_run("x", None)]})
    single = start_page([one, other], {"shakespeare": [a_run("x", 2.0)]})
    assert "nothing to compare yet: <bdi>The plays" in single and "No evaluated run: <bdi>Other</bdi>" in single
    assert empty not in single and single.count("<table") == 1, "that of the collections"
    different = dataclasses.replace(a_run("y", 2.0), text="2 books")
    both = start_page([one], {"shakespeare": [a_run("x", 1.0), a_run("x2", 1.5), different]})
    assert (
        both.index("Comparable: same books") < both.index("Not comparable with those") < both.index("2 books instead")
    )
    assert both.count("<table") == 2


def test_many_collections_with_many_runs_stay_small():
    runs = [
        a_run(f"a-long-name-of-a-run-{i}", 1 + i / 100, **{f"train.optimizer.p{n}": str(i * n) for n in range(12)})
        for i in range(200)
    ]
    summaries = [a_summary(collection=f"c{i}", title=f"Collection {i}") for i in range(30)]
    page = start_page(summaries, {one.collection: runs for one in summaries})
    assert len(page.encode()) < 2_000_000 and page.count("<article") == 30
    assert "180 more, with worse figures" in page
    assert 'href="#card-30"' in page and '<details class="runs" open' not in page
    assert len(start_page(summaries[:1], {"c0": runs}).encode()) < 1_000_000


def test_every_column_says_what_it_means():
    runs = [a_run(str(i), 1.0 + i, **{"train.steps": str(i)}) for i in range(2)]
    page = start_page([a_summary(), a_summary(collection="other")], {"shakespeare": runs})
    heads = set(re.findall(r'<span class="head">([^<]+)</span>', page)) - {"run", "collection"}
    assert heads <= set(re.findall(r"<dt>([^<]+)</dt>", page)), "each head is explained"


def test_a_start_page_without_any_collection():
    page = start_page([], {})
    assert "No collection is built yet" in page and "<article" not in page and "<table" not in page


def test_the_pages_have_the_same_colours():
    def colours(name):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        schemes = re.findall(r":root \{(.*?)\}", text, re.DOTALL)[:2]
        return [dict(re.findall(r"--(\w+): (#\w+)", scheme)) for scheme in schemes]

    for ours, theirs in zip(colours("start.css"), colours("page.css"), strict=True):
        shared = set(ours) & set(theirs)
        assert len(shared) >= 7 and {key: ours[key] for key in shared} == {key: theirs[key] for key in shared}
