"""What each stage took, on a page: a bar and its figures for each stage, and a column for GPUs only if one was used."""

import dataclasses

import pytest
from lxml import html

from poet.costs import Cost
from poet.report.costs import rank_costs
from tests.report.browsing import CHROMIUM, accessibility
from tests.report.shelf import COSTS, made_up_results
from tests.report.test_collection_page import page_of


def costs_of(costs):
    """The words before the table, its head, and its rows: the texts of the cells, and the width of the bar."""
    page = page_of(dataclasses.replace(made_up_results(samples=0), costs=costs))
    section = html.fromstring(page).get_element_by_id("costs")
    rows = [
        ([cell.text_content().strip() for cell in row], float(row.find(".//rect").get("width")))
        for row in section.findall(".//tbody/tr")
    ]
    head = [cell.text_content() for cell in section.findall(".//thead//th")]
    return section.find(".//p").text_content(), head, rows


def test_each_stage_has_one_bar_and_its_figures():
    words, head, rows = costs_of(COSTS)
    assert sorted(cells[0] for cells, _ in rows) == sorted(COSTS)
    assert head == ["stage", "seconds", "CPU seconds", "memory (MB)"]
    assert rows[0] == (["train", "", "184.2", "351.9", "1,240"], 100.0)
    assert rows[1] == (["evaluate", "", "38.5", "61.0", "890"], pytest.approx(100 * 38.5 / 184.2, abs=0.01))
    assert [width for _, width in rows] == sorted((width for _, width in rows), reverse=True)
    assert words.startswith("Together 299 seconds.") and "If a training was interrupted" in words


def test_memory_of_a_gpu_is_a_column_of_its_own():
    on_gpu = COSTS | {"train": dataclasses.replace(COSTS["train"], cuda_bytes=2_345_678_900)}
    _, head, rows = costs_of(on_gpu)
    assert head[-1] == "GPU memory (MB)"
    assert {cells[0]: cells[-1] for cells, _ in rows} == dict.fromkeys(COSTS, "–") | {"train": "2,346"}


def test_equal_stages_stand_by_name_and_nearly_nothing_looks_like_it():
    nothing = Cost(wall_seconds=0.1, cpu_seconds=0.1, memory_bytes=1)
    assert [(row.name, row.share) for row in rank_costs({"b": nothing, "a": nothing})] == [("a", 10.0), ("b", 10.0)]


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
def test_a_phone_shows_all_of_it_and_axe_finds_nothing_serious(opened, report):
    page = opened(report, bypass_csp=True)
    page.set_viewport_size({"width": 390, "height": 800})
    page.locator("#costs summary").click()
    box = page.locator("#costs .scroll")
    assert box.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert page.locator("#costs tbody tr:visible").count() == len(COSTS)
    assert accessibility(page) == []
