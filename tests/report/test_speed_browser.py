"""The chapter on speed in a real browser, all of it unfolded: readable, accessible, no wider than the window."""

import pytest

from tests.report.browsing import CHROMIUM, accessibility

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]

UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = Boolean(one.closest('#speed')); })"
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, report, scheme, size):
    page = opened(report, color_scheme=scheme, bypass_csp=True)
    page.set_viewport_size(SIZES[size])
    page.evaluate(UNFOLD)
    assert page.locator("#speed table").last.is_visible()
    assert accessibility(page) == []


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("name", ["report", "hostile"])
def test_nothing_is_wider_than_the_window(opened, request, name, width):
    page = opened(request.getfixturevalue(name))
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(UNFOLD)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_shows_machine_bar_and_seconds_without_scrolling(opened, report):
    page = opened(report)
    page.set_viewport_size(SIZES["phone"])
    page.evaluate(UNFOLD)
    row = page.locator("#speed .machines tbody tr").first
    for part in ("th bdi >> nth=0", "svg", "td >> nth=0"):
        box = row.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390, part
