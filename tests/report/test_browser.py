"""The report of made-up results in a real browser; one test takes the page that the pipeline builds."""

import html
import itertools

import pytest

from poet.files import write_text
from poet.report.start_page import start_page
from poet.report.summary import read_summaries
from tests.report.browsing import CHROMIUM, VIEWER, accessibility
from tests.report.shelf import HOSTILE, a_run, made_up_results, write_report

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A page and, beside its folder, the start page."""
    page = write_report(tmp_path_factory.mktemp("report"))
    runs = {"shakespeare": [a_run(f"run-{i}", 1.7 + i / 9, **{"train.steps": str(9 - i)}) for i in range(3)]}
    summaries = read_summaries(page.parents[2] / "summaries")
    write_text(page.parents[1] / "index.html", start_page(summaries, runs))
    return page


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return write_report(tmp_path_factory.mktemp("hostile"), hostile=True)


@pytest.fixture
def page(opened, report):
    return opened(report)


def point_at(page, passage):
    """Move the mouse to the first line of a passage, which may be broken over two."""
    passage.scroll_into_view_if_needed()
    box = passage.evaluate("e => { const r = e.getClientRects()[0]; return [r.x + 3, r.y + r.height / 2]; }")
    # The centre of the bounding box of a passage on two lines may be outside the passage, so `hover` could miss it.
    page.mouse.move(*box)


def test_hovering_over_a_passage_shows_its_source(page):
    passage = page.locator("a.copied").nth(1)
    source = page.locator(passage.get_attribute("href"))
    popover = page.locator("#popover")
    assert popover.is_hidden()
    point_at(page, passage)
    popover.wait_for(state="visible")
    text = popover.text_content()
    assert source.locator("cite").text_content() in text and source.locator("mark").text_content() in text
    assert "VOLUME 2, CHAPTER 1" in text and "% in" in text and "www.gutenberg.org/ebooks/101" in text
    box, place = popover.bounding_box(), passage.bounding_box()
    assert box["y"] >= place["y"] + place["height"] or box["y"] + box["height"] <= place["y"], "it stays in sight"
    popover.hover()  # the pointer may go there, to copy or to follow the link
    page.wait_for_timeout(300)
    assert popover.is_visible()
    page.mouse.move(2, 2)
    popover.wait_for(state="hidden")


def test_a_click_keeps_the_source_until_it_is_closed(page):
    passage = page.locator("a.copied").first
    point_at(page, passage)
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(2, 2)
    page.wait_for_timeout(300)
    popover = page.locator("#popover")
    assert popover.is_visible() and passage.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert popover.is_hidden() and passage.get_attribute("aria-expanded") == "false"


def test_the_keyboard_does_it_too(page):
    popover = page.locator("#popover")
    page.locator("#filter-near").focus()
    page.keyboard.press("Tab")
    assert popover.is_visible(), "focus is enough"
    first = page.evaluate("document.activeElement.id")
    page.keyboard.press("Tab")
    assert popover.is_visible() and page.evaluate("document.activeElement.id") != first
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Close"
    page.keyboard.press("Tab")
    assert "gutenberg.org" in page.evaluate("document.activeElement.href")
    page.keyboard.press("Escape")
    assert popover.is_hidden()
    assert page.evaluate("document.activeElement.className").startswith("copied"), "focus returns to the passage"
    page.keyboard.press("Enter")
    page.locator("#popover button").click()
    assert popover.is_hidden()


def test_a_tap_on_a_phone_does_not_hide_the_passage(opened, report):
    page = opened(report, has_touch=True)
    page.set_viewport_size({"width": 390, "height": 844})
    for number in (0, 3, 8):
        passage = page.locator("a.copied").nth(number)
        passage.scroll_into_view_if_needed()
        box = passage.evaluate("e => { const r = e.getClientRects()[0]; return [r.x + 3, r.y + r.height / 2]; }")
        page.touchscreen.tap(*box)
        popover, place = page.locator("#popover").bounding_box(), passage.bounding_box()
        assert popover["y"] >= place["y"] + place["height"] or popover["y"] + popover["height"] <= place["y"]
        page.keyboard.press("Escape")


def test_filters(page):
    passages, shown = page.locator("a.copied"), page.locator("a.copied:not(.off)")
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
    assert shown.count() == 24 and page.locator("a.near:not(.off)").count() == 0
    hidden = page.locator("a.near").first
    assert page.locator(hidden.get_attribute("href")).is_hidden()
    assert hidden.evaluate("e => getComputedStyle(e, '::after').content") == "none"
    hidden.evaluate("e => e.click()")
    assert page.locator("#popover").is_hidden()


def test_a_finding_leads_to_its_passage(page):
    link = page.locator("#findings a[href^='#at-']").first
    target = link.get_attribute("href")
    link.click()
    assert page.evaluate("document.querySelector(':target').id") == target.removeprefix("#")


def test_screen_readers_hear_which_book(page):
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    names = [node["name"]["value"] for node in tree if node.get("role", {}).get("value") == "link"]
    assert any(name.startswith("found in book 2: ") for name in names)
    assert any(name.startswith("near copy, found in book 2: ") for name in names)
    levels = page.evaluate("Array.from(document.querySelectorAll('h1,h2,h3,h4'), e => Number(e.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels)), "no level is skipped"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, report, scheme):
    page = opened(report, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach((one, i) => { if (i < 4) one.open = true; })")
    page.locator("a.copied").first.focus()
    assert page.locator("#popover").is_visible()
    assert accessibility(page) == []
    assert accessibility(opened(report.parents[1] / "index.html", color_scheme=scheme, bypass_csp=True)) == []


def test_axe_can_find_something(opened, report):
    page = opened(report, bypass_csp=True)
    page.evaluate("document.querySelector('h1').append(document.createElement('button'))")
    assert [rule for rule, _ in accessibility(page)] == ["button-name"]


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("name", ["report", "hostile"])
def test_nothing_is_wider_than_the_window(opened, request, name, width):
    page = opened(request.getfixturevalue(name))
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"file://{request.getfixturevalue('report').parents[1]}/index.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_mode_is_dark(page):
    def shade():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.emulate_media(color_scheme="light")
    light = shade()
    page.emulate_media(color_scheme="dark")
    assert light == "rgb(253, 252, 248)" and shade() == "rgb(27, 26, 24)"


def test_without_javascript_everything_is_there(opened, report):
    page = opened(report, java_script_enabled=False)
    assert page.locator("#filter").is_hidden() and page.locator("#popover").is_hidden()
    passage = page.locator("a.copied").nth(1)
    target = passage.get_attribute("href")
    passage.press("Enter")
    assert page.url.endswith(target)
    assert page.locator(target).is_visible()
    assert page.locator("#shelf li").count() == 4 and page.locator("#findings li").count() > 0


def test_in_a_sandbox(opened, report, tmp_path):
    viewer = tmp_path / "viewer.html"
    viewer.write_text(VIEWER.format(html.escape(report.read_text(encoding="utf-8"))), encoding="utf-8")
    frame = opened(viewer).frame_locator("iframe")
    frame.locator("a.copied").first.focus()
    assert frame.locator("#popover").is_visible()
    frame.locator("#filter-book").select_option("1")
    assert frame.locator("a.copied:not(.off)").count() == 6


def test_on_paper_sources_become_notes(page):
    note = page.locator("li.source blockquote").first
    assert not note.is_visible()
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert note.is_visible()
    passage = page.locator("a.copied").nth(1)
    assert passage.evaluate("e => getComputedStyle(e).textDecorationLine") == "underline"
    assert passage.evaluate("e => getComputedStyle(e, '::after').content") == '"2/2"', "book 2, note 2"
    assert not page.locator("nav").is_visible() and not page.locator("#filter").is_visible()
    assert page.pdf().startswith(b"%PDF")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert not note.is_visible(), "and are closed again"


def test_a_hostile_book_is_shown_to_the_letter_and_does_nothing(opened, hostile):
    page = opened(hostile)
    shown = page.locator(".sample .text").all_text_contents()
    samples = [shown.sample for shown in made_up_results(hostile=True).samples]
    wanted = [(sample.prompt + sample.text).replace("\0", "␀") for sample in samples]
    assert sorted(shown) == sorted(wanted), "NUL, which HTML cannot hold, as its sign; all else exactly"
    page.locator("a.copied").first.focus()
    assert HOSTILE[:30] in page.locator("#popover cite").text_content()
    assert page.evaluate("document.querySelectorAll('img, script:not(:last-of-type), iframe').length") == 0
    assert page.locator("#recipe").is_visible()


def test_the_built_start_page_leads_to_the_built_report(opened, built):
    page = opened(built / "reports" / "index.html")
    page.get_by_role("link", name="The plays of William Shakespeare").first.click()
    assert page.locator("h1").text_content() == "The plays of William Shakespeare"
    assert page.locator("a.copied").count() > 0 and page.locator(".chart").count() == 4
