"""How cost grows: the power of each curve, what noise does to it, and plots that anyone can read."""

import dataclasses
import itertools
import re

import pytest
from lxml import etree

from poet.report.growth import growths
from poet.report.growth_plots import HEIGHT, WIDTH, draw_growth
from tests.benchmark.figures import SHAPES, a_benchmark, a_row, growth

SVG = "{http://www.w3.org/2000/svg}"


def plot(key, measured=None):
    return next(one for one in growths(growth() if measured is None else measured) if one.key == key)


def width_rows(*costs, **changes):
    return [
        a_row(
            seconds=cost,
            sweep="width",
            as_trained=False,
            shape=dataclasses.replace(SHAPES["default"], n_embd=64 * 2**i),
        )
        for i, cost in enumerate(costs)
    ]


@pytest.mark.parametrize(
    ("key", "power"), [("width", 2.0), ("layers", 1.0), ("context", 1.25), ("batch", 0.9), ("vocabulary", 0.5)]
)
def test_each_size_has_its_power(key, power):
    found = plot(key)
    (curve,) = found.curves
    assert curve.power == pytest.approx(power)
    assert f"{2**power:.2f} times as long (power {power:.2f}, from 0.0200 s" in found.sentence


def test_a_sentence_says_from_where_to_where():
    sentence = plot("width").sentence
    assert sentence.startswith("Twice the width takes 4.00 times as long (power 2.00, ")
    assert "from 0.0200 s at 64 to 1.28 s at 512; quiet-laptop, Two Cores 3000 (cpu), float32, 2 threads)." in sentence
    assert plot("width").equal == "All have 3 layers, 2 heads, context 256, vocabulary 2,048, batch 16, modern."


def test_what_changes_along_with_a_size_is_said():
    """As many tokens a step, whatever the context: then the batch is no longer equal."""
    rows = [
        a_row(
            sweep="context",
            as_trained=False,
            shape=dataclasses.replace(SHAPES["default"], sequence_len=context, batch_size=4096 // context),
        )
        for context in (64, 256)
    ]
    assert plot("context", {"a": a_benchmark(*rows)}).equal == (
        "All have 3 layers, 2 heads, 192 wide, vocabulary 2,048, modern. "
        "The context also changes the batch, so that a step has 4,096 tokens."
    )


def test_a_corpus_has_a_curve_for_each_stage():
    seconds, memory = plot("corpus_seconds"), plot("corpus_memory")
    assert [(curve.name, round(curve.power, 2)) for curve in seconds.curves] == [
        ("clean", 1.0),
        ("tokenize", 1.0),
        ("index", 1.0),
    ]
    assert all(curve.power < 1 for curve in memory.curves), "a part of the memory does not grow"
    assert "at 1.0 million" in seconds.sentence and "MB at 100 million" in memory.sentence


def test_a_noisy_point_is_drawn_and_decides_nothing():
    rows = width_rows(1.0, 4.0, 16.0)
    rows[1] = dataclasses.replace(
        rows[1], noise=("busy",), training=dataclasses.replace(rows[1].training, seconds_per_iteration=99.0)
    )
    found = plot("width", {"a": a_benchmark(*rows)})
    assert found.curves[0].power == pytest.approx(2.0)
    drawn = draw_growth(found)
    assert drawn.count('class="point c0 noisy"') == 1 and drawn.count("<circle") == 4


def test_what_was_not_measured_has_no_plot_and_one_point_no_power():
    assert growths({}) == growths({"a": a_benchmark(*width_rows(None))}) == []
    one = plot("width", {"a": a_benchmark(*width_rows(0.5))})
    assert one.curves[0].power is None and "too few quiet points" in one.sentence
    assert "power" not in draw_growth(one)


def test_machines_have_a_curve_each():
    measured = {"a": a_benchmark(*width_rows(1.0, 2.0)), "b": a_benchmark(*width_rows(1.0, 4.0))}
    assert [round(curve.power, 2) for curve in plot("width", measured).curves] == [1.0, 2.0]


def test_the_same_figures_give_the_same_bytes():
    assert [draw_growth(one) for one in growths(growth())] == [draw_growth(one) for one in growths(growth())]


@pytest.mark.parametrize("key", ["width", "corpus_seconds", "corpus_memory"])
def test_everything_is_inside_of_the_picture_and_no_label_covers_another(key):
    found = plot(key)
    tree = etree.fromstring(draw_growth(found).encode())
    height = HEIGHT + 18 * len(found.curves)
    assert (tree.get("width"), tree.get("height")) == (str(WIDTH), str(height))
    for circle in tree.iter(f"{SVG}circle"):
        assert 0 < float(circle.get("cx")) < WIDTH and 0 < float(circle.get("cy")) < height
    texts = [text for text in tree.iter(f"{SVG}text") if text.get("class") != "title"]
    rows = {}
    for text in texts:
        wide = 7 * len(text.text)
        start = float(text.get("x")) - {"middle": wide / 2, "end": wide}.get(text.get("text-anchor"), 0)
        assert start >= 0 and start + wide <= WIDTH + 20, text.text
        rows.setdefault((text.get("y"), text.get("text-anchor")), []).append((start, start + wide))
    for spans in rows.values():
        spans.sort()
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    assert not re.findall(r"font(?:-size)?:[^;]*?\b([0-9]|1[01])px", draw_growth(found)), "no text under 12 px"


@pytest.mark.parametrize("name", ['<script>\0"&', "\x01\x1b\ud800", "\u202eright"])
def test_hostile_names_stay_text_in_a_picture_that_can_be_read(name):
    drawn = draw_growth(plot("width", {name: a_benchmark(*width_rows(1.0, 2.0))}))
    assert "<script>" not in drawn and "\u202e" not in drawn
    assert etree.fromstring(drawn.encode()).tag == f"{SVG}svg"
