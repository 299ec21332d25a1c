"""Reading a report in a real browser: passages and their sources, prompts and temperatures, the filter, the charts."""

import pytest

from tests.report.browsing import CHROMIUM, point_at

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]


def panel_of(page):
    return page.locator("#samples .panel")


def test_pointing_at_a_passage_shows_its_source_beside_it(page):
    passage = page.locator("#samples a.copied").nth(1)
    source = page.locator(passage.get_attribute("href"))
    panel = panel_of(page)
    assert "Point at a tinted passage" in panel.text_content()
    point_at(page, passage)
    panel.locator("cite").wait_for()
    text = panel.text_content()
    assert source.locator("cite").text_content() in text and source.locator("mark").text_content() in text
    assert "VOLUME 2, CHAPTER 1" in text and "% in" in text and "www.gutenberg.org/ebooks/101" in text
    box, place = panel.bounding_box(), passage.bounding_box()
    assert box["x"] >= place["x"] + place["width"], "the text stays in sight"
    assert box["y"] < place["y"] + place["height"] < box["y"] + page.viewport_size["height"], "and so does the source"
    page.mouse.move(2, 2)
    page.wait_for_timeout(200)
    assert panel.locator("cite").text_content() in text, "the pointer may leave, and go there"


def test_the_title_of_the_book_stays_in_sight_when_its_context_scrolls(opened, report):
    page = opened(report, reduced_motion="reduce")
    page.locator("#samples a.copied").nth(1).focus()
    panel = panel_of(page)
    panel.evaluate("e => { e.style.maxHeight = '6rem'; e.scrollTop = 1000; }")
    assert panel.evaluate("e => e.scrollTop") > 10
    title, box = panel.locator(".source-title").bounding_box(), panel.bounding_box()
    assert box["y"] - 2 <= title["y"] <= box["y"] + 12


def test_the_other_passages_of_a_sample_are_listed_and_highlighted_both_ways(page):
    passages = page.locator("#sample-0 a.copied")
    point_at(page, passages.nth(0))
    others = panel_of(page).locator(".others button")
    others.first.wait_for()
    assert others.count() == passages.count() - 1
    others.first.hover()
    assert "lit" in passages.nth(1).get_attribute("class")
    others.first.click()
    assert passages.nth(1).get_attribute("aria-expanded") == "true"
    assert passages.nth(0).get_attribute("aria-expanded") == "false"


def test_a_click_keeps_the_source_until_it_is_closed(page):
    passages = page.locator("#sample-0 a.copied")
    passages.first.scroll_into_view_if_needed()
    point_at(page, passages.first)
    page.mouse.down()
    page.mouse.up()
    title = panel_of(page).locator("cite").text_content()
    point_at(page, passages.nth(2))
    page.wait_for_timeout(200)
    assert panel_of(page).locator("cite").text_content() == title
    assert passages.first.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert passages.first.get_attribute("aria-expanded") == "false"


def test_the_keyboard_does_it_too(page):
    panel = panel_of(page)
    page.locator("#sample-0 a.copied").first.focus()
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.id")
    assert panel.locator("cite").count() == 1, "focus is enough"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.panel') !== null"), "focus moves into the panel"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == first, "and returns to the passage"


def test_a_tap_on_a_phone_opens_a_sheet_that_does_not_hide_the_passage(opened, report):
    page = opened(report, has_touch=True)
    page.set_viewport_size({"width": 390, "height": 844})
    sheet = panel_of(page)
    assert sheet.is_hidden()
    for number in (0, 1, 3):
        passage = page.locator("#samples a.copied:visible").nth(number)
        passage.scroll_into_view_if_needed()
        box = passage.evaluate("e => { const r = e.getClientRects()[0]; return [r.x + 3, r.y + r.height / 2]; }")
        page.touchscreen.tap(*box)
        over, place = sheet.bounding_box(), passage.bounding_box()
        assert over["y"] >= place["y"] + place["height"] or over["y"] + over["height"] <= place["y"]
        sheet.locator("button.close").click()
        assert sheet.is_hidden()


def test_one_prompt_at_a_time(page):
    tabs = page.locator("#prompt-tabs [role=tab]")
    assert tabs.all_text_contents() == ["The", "It was"]
    assert page.locator("#prompt-1").is_visible() and page.locator("#prompt-2").is_hidden()
    tabs.nth(1).click()
    assert page.locator("#prompt-1").is_hidden() and page.locator("#prompt-2").is_visible()
    assert [tab.get_attribute("aria-selected") for tab in tabs.all()] == ["false", "true"]
    page.keyboard.press("ArrowLeft")
    assert page.locator("#prompt-1").is_visible() and page.evaluate("document.activeElement.textContent") == "The"


def test_temperatures_are_columns_on_a_wide_screen_and_tabs_on_a_narrow_one(page):
    columns = page.locator("#prompt-1 .temperature")
    boxes = [column.bounding_box() for column in columns.all()]
    assert boxes[0]["x"] < boxes[1]["x"] and boxes[0]["y"] == boxes[1]["y"]
    page.set_viewport_size({"width": 390, "height": 844})
    assert [column.is_visible() for column in columns.all()] == [True, False]
    page.locator("#prompt-1 .temperature-tabs [role=tab]").nth(1).click()
    assert [column.is_visible() for column in columns.all()] == [False, True]


def test_an_address_leads_to_its_sample_wherever_it_is_folded(opened, report):
    """Samples 2 and 3 belong to the second prompt, and 4 to a list of further samples of the first."""
    page = opened(report, reduced_motion="reduce")
    for number in (3, 4):
        page.goto(f"file://{report}#sample-{number}")
        assert page.locator(f"#sample-{number}").is_visible()
        assert page.locator(f"#sample-{number}").bounding_box()["y"] < 900
    page.locator("#sample-4 .permalink").click()
    assert page.url.endswith("#sample-4")


def test_a_sample_is_copied_with_its_sources(opened, report, browser):
    page = opened(report)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#sample-0 button.copy").click()
    page.locator("#sample-0 button.copy", has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(page.locator("#sample-0 .text").text_content())
    assert "The plays of William Shakespeare" in copied and "Persuasion, A. Writer, VOLUME 2, CHAPTER 1" in copied


def test_filters(page):
    passages, shown = page.locator("#samples a.copied"), page.locator("#samples a.copied:not(.off)")
    assert shown.count() == passages.count() == 30
    page.locator("#filter-length").fill("60")
    assert {int(link.get_attribute("data-length")) >= 60 for link in shown.all()} == {True}
    assert 0 < shown.count() < 30
    assert page.locator("#filter-count").text_content() == f"{shown.count()} of 30 passages"
    page.locator("#filter-length").fill("20")
    page.locator("#filter-book").select_option("3")
    assert {link.get_attribute("data-number") for link in shown.all()} == {"3"}
    page.locator("#filter-book").select_option("")
    page.locator("#filter-near").uncheck()
    assert shown.count() == 24 and page.locator("#samples a.near:not(.off)").count() == 0
    hidden = page.locator("#samples a.near").first
    assert page.locator(hidden.get_attribute("href")).is_hidden()
    assert hidden.evaluate("e => getComputedStyle(e, '::after').content") == "none"
    hidden.evaluate("e => e.click()")
    assert hidden.get_attribute("aria-expanded") == "false"


def test_a_finding_leads_to_its_passage(page):
    link = page.locator(".findings a[href^='#at-']").first
    target = link.get_attribute("href")
    link.click()
    assert page.evaluate("document.querySelector(':target').id") == target.removeprefix("#")
    assert page.locator(target).is_visible() and page.locator(target).get_attribute("aria-expanded") == "true"


def test_a_chart_tells_its_values_at_the_pointer_and_by_the_keyboard(page):
    chart = page.locator("#chart-copied")
    curves = chart.locator(".curves")
    curves.scroll_into_view_if_needed()
    box = curves.bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 40)
    readout = chart.locator(".readout")
    assert readout.text_content() == "least length of a passage (characters) 10, the model 10.000, the authors 10.000"
    curves.focus()
    page.keyboard.press("ArrowRight")
    assert readout.text_content().startswith("least length of a passage (characters) 20, the model 5.000")
    at = page.locator("#chart-copied .cursor").bounding_box()["x"]
    assert abs(at - box["x"] - 0.301 * box["width"]) < 3, "log 2 of the way from 10 to 100"


def test_one_slider_moves_the_point_on_the_curve_and_the_sample(page):
    slider, steps = page.locator("#step"), page.locator("article.step")
    assert [step.is_visible() for step in steps.all()] == [False, False, False, True]
    slider.fill("0")
    assert [step.is_visible() for step in steps.all()] == [True, False, False, False]
    place = "e => ['cx', 'cy'].map(name => parseFloat(e.getAttribute(name)))"
    first = page.locator("#chart-bits .marker").evaluate(place)
    slider.press("ArrowRight")
    second = page.locator("#chart-bits .marker").evaluate(place)
    assert page.locator(".slider output").text_content() == "4" and steps.nth(1).is_visible()
    assert second[0] > first[0] and second[1] > first[1], "later, and lower"
    assert "better than" in steps.nth(1).text_content() and "not yet so good" in steps.nth(0).text_content()
