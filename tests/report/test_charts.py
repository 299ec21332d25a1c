"""The geometry of charts, and the contrast of the colours that they and the passages have."""

import dataclasses
import io
import re

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poet.report.charts import Level, Line, line_chart, round_ticks, thin
from poet.report.collection_charts import length_chart, loss_chart, novelty_chart
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
    for _, path in chart.paths:
        for pair in path.split():
            x, y = map(float, pair.split(","))
            assert chart.left <= x <= chart.right + 0.1 and 0 <= y <= chart.bottom + 0.1
    assert all(0 <= y <= chart.bottom + 0.1 for _, y in chart.levels)


def test_the_axis_of_a_single_point_ends_at_the_next_tick():
    chart = line_chart("t", "x", "y", [Line(name="a", points=[(0.5, 0.0)])])
    assert chart.x_ticks == [(chart.right, "0.6")]


@given(st.integers(0, 50), st.integers(1, 20))
def test_thin_keeps_to_the_limit_and_to_the_last_point(count, most):
    points = [(float(i), 1.0) for i in range(count)]
    thinned = thin(points, most)
    assert len(thinned) <= most and thinned[-1:] == points[-1:]


def test_steps_without_a_validation_have_no_point():
    paths = dict(loss_chart(pd.read_csv(io.StringIO(HISTORY))).paths)
    assert len(paths["training"].split()) == 4 and len(paths["validation"].split()) == 2


def test_human_text_is_drawn_only_if_there_is_any():
    copying = made_up_results(samples=0).copying
    without = dataclasses.replace(copying, human=dataclasses.replace(copying.human, characters=0))
    for chart in (length_chart, novelty_chart):
        assert [name for name, _ in chart(copying).paths] == ["samples", "human text"]
        assert [name for name, _ in chart(without).paths] == ["samples"]
    lengths = [len(path.split()) for chart in (length_chart, novelty_chart) for _, path in chart(without).paths]
    assert lengths == [5, 7], "the novelty at 50 characters was not measured"


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
