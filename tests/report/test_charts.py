"""The geometry of charts, and the contrast of the colours that they and the passages have."""

import dataclasses
import io
import re

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poet.report.charts import Axis, Level, Line, decades, line_chart, round_ticks, thin
from poet.report.collection_charts import copied_chart, loss_chart, novelty_chart
from poet.report.render import TEMPLATES
from tests.report.shelf import HISTORY, made_up_results


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_enclose_the_range(low, spread):
    ticks = round_ticks(low, low + spread)
    assert ticks[0] <= low + 1e-6 and ticks[-1] >= low + spread - 1e-6
    assert 3 <= len(ticks) <= 12


@example(points=[(0.0, 0.0)], levels=[5e-324])
@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(-50, 50)), max_size=40), st.lists(st.floats(-50, 50), max_size=2)
)
def test_everything_is_inside_the_chart(points, levels):
    chart = line_chart("t", "x", "y", [Line(name="a", points=sorted(points))], [Level(name="l", y=y) for y in levels])
    places = [tuple(map(float, pair.split(","))) for path in chart.paths for pair in path.split()]
    places += (
        [(0, y) for _, y in chart.levels] + [(0, y) for y, _ in chart.y_ticks] + [(x, 0) for x, _ in chart.x_ticks]
    )
    assert all(0 <= x <= 100 and 0 <= y <= 100 for x, y in places)


def test_the_axis_of_a_single_point_ends_at_the_next_tick():
    chart = line_chart("t", "x", "y", [Line(name="a", points=[(0.5, 0.0)])])
    assert chart.x_ticks == [(100, "0.6")]


def test_a_point_is_where_its_value_is():
    chart = line_chart("t", "x", "y", [Line(name="a", points=[(0.0, 1.0), (1.0, 3.0), (4.0, 2.0)])])
    assert chart.paths == ["0,100 25,0 100,50"]
    assert [(row.at, row.x, row.values) for row in chart.rows][1] == (25, 1, [3])


def test_a_logarithmic_axis_places_ratios_and_keeps_zero_inside():
    lines = [Line(name="a", points=[(1.0, 100.0), (10.0, 1.0), (100.0, 0.0)])]
    x_axis = Axis(low=1, high=100, ticks=[1, 10, 100], logarithmic=True)
    chart = line_chart("t", "x", "y", lines, x_axis=x_axis, y_axis=decades(0.01, 100))
    assert chart.paths == ["0,0 50,50 100,100"]
    assert [label for _, label in chart.y_ticks] == ["0.01", "0.1", "1", "10", "100"]


def test_the_gap_goes_along_one_line_and_back_along_the_other():
    lines = [Line(name=name, points=[(0.0, y), (1.0, y)]) for name, y in (("a", 0.0), ("b", 1.0))]
    assert line_chart("t", "x", "y", lines, fill_gap=True).gap == "0,100 100,100 100,0 0,0"
    assert line_chart("t", "x", "y", lines[:1], fill_gap=True).gap == ""


@given(st.integers(0, 50), st.integers(1, 20))
def test_thin_keeps_to_the_limit_and_to_the_last_point(count, most):
    points = [(float(i), 1.0) for i in range(count)]
    thinned = thin(points, most)
    assert len(thinned) <= most and thinned[-1:] == points[-1:]


def test_steps_without_a_validation_have_no_point():
    chart = loss_chart(pd.read_csv(io.StringIO(HISTORY)))
    paths = dict(zip(chart.names, chart.paths, strict=True))
    assert len(paths["training"].split()) == 4 and len(paths["validation"].split()) == 2
    assert [row.values for row in chart.rows] == [[5.0, None], [4.0, 4.1], [3.0, None], [2.5, 2.8]]


def test_human_text_is_drawn_only_if_there_is_any():
    copying = made_up_results(samples=0).copying.running_text
    without = dataclasses.replace(copying, human=dataclasses.replace(copying.human, characters=0))
    assert copied_chart(copying.samples, copying.human).names == ["the model", "the authors"]
    assert copied_chart(copying.samples, None).names == ["the model"]
    assert [novelty_chart(one).names for one in (copying, without)] == [["the model", "the authors"], ["the model"]]


def test_nothing_copied_is_drawn_at_zero():
    samples = made_up_results(samples=0).copying.samples
    nothing = dataclasses.replace(samples, share_at={**samples.share_at, 100: 0.0})
    chart = copied_chart(nothing, None)
    assert chart.paths[0].endswith("100,100") and chart.y_ticks[0] == (100, "0")


def luminance(colour):
    """Relative luminance by WCAG 2.2 of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_has_enough_contrast(scheme):
    blocks = re.findall(r":root \{(.*?)\}", (TEMPLATES / "page.css").read_text(encoding="utf-8"), re.DOTALL)
    colours = dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6})", blocks[scheme]))
    for background in ("paper", "panel", "warn", *(f"c{i}" for i in range(8))):
        assert contrast(colours[background], colours["ink"]) >= 7, background
    for text in ("soft", "link"):
        for background in ("paper", "panel"):
            assert contrast(colours[text], colours[background]) >= 4.5, (text, background)
    for i in range(8):
        assert contrast(colours[f"l{i}"], colours[f"c{i}"]) >= 3, f"underline {i}"
        assert contrast(colours[f"l{i}"], colours["paper"]) >= 3, f"line {i}"
