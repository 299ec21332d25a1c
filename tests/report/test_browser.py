"""The report of made-up results in a real browser; one test takes the page that the pipeline builds."""

import html
import itertools

import pytest

from tests.report.browsing import CHROMIUM, VIEWER, accessibility
from tests.report.shelf import HOSTILE, made_up_results

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]


SCREENS = {"laptop": (1280, 800, 8), "phone": (390, 844, 12)}


@pytest.mark.parametrize(("width", "height", "screens"), SCREENS.values(), ids=SCREENS)
def test_the_first_screen_says_what_the_model_writes_how_good_it_is_and_whether_it_copies(
    opened, shown_page, width, height, screens
):
    page = opened(shown_page)
    page.set_viewport_size({"width": width, "height": height})
    for part in ("h1", ".verdict", ".opening .lines", ".opening .panel cite", ".copied-bar", ".ruler"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= height, part
    assert page.locator(".opening a.copied").count() > 0
    assert page.evaluate("document.documentElement.scrollHeight") <= screens * height


@pytest.mark.parametrize("width", [1280, 390])
def test_no_text_is_smaller_than_twelve_pixels(opened, report, width):
    """As drawn: also inside of pictures that are scaled."""
    page = opened(report)
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    small = page.evaluate(
        """() => Array.from(document.querySelectorAll("body *"), element => {
            const own = Array.from(element.childNodes).some(node => node.nodeType === 3 && node.textContent.trim());
            if (!own || !element.getClientRects().length) return null;
            const matrix = element.getScreenCTM ? element.getScreenCTM() : null;
            const size = parseFloat(getComputedStyle(element).fontSize) * (matrix ? Math.min(matrix.a, matrix.d) : 1);
            return size < 12 ? `${element.tagName}.${element.className} ${size}` : null;
        }).filter(Boolean)"""
    )
    assert small == []
    number = page.locator("a.copied").first
    assert number.evaluate("e => parseFloat(getComputedStyle(e, '::after').fontSize)") >= 12


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
    page.locator("#samples a.copied").first.focus()
    page.locator("#chart-copied .curves").focus()
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
    assert page.locator(".tools").is_hidden() and page.locator(".slider").is_hidden()
    assert page.locator("#prompt-1").is_visible() and page.locator("#prompt-2").is_visible()
    assert page.locator("article.step:visible").count() == 4
    passage = page.locator("#samples a.copied").nth(1)
    target = passage.get_attribute("href")
    passage.press("Enter")
    assert page.url.endswith(target)
    assert page.locator(target).is_visible()
    assert page.locator(".shelf li").count() == 4 and page.locator(".findings li").count() > 0


def test_in_a_sandbox(opened, report, tmp_path):
    viewer = tmp_path / "viewer.html"
    viewer.write_text(VIEWER.format(html.escape(report.read_text(encoding="utf-8"))), encoding="utf-8")
    frame = opened(viewer).frame_locator("iframe")
    frame.locator("#samples a.copied").first.focus()
    frame.locator("#samples .panel cite").wait_for()
    frame.locator("#filter-book").select_option("1")
    assert frame.locator("#samples a.copied:not(.off)").count() == 6
    frame.locator("#prompt-tabs [role=tab]").nth(1).click()
    assert frame.locator("#prompt-2").is_visible()


def test_on_paper_sources_become_notes(page):
    note = page.locator("li.source blockquote").first
    assert not note.is_visible()
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert note.is_visible()
    passage = page.locator("#samples a.copied").nth(1)
    assert passage.evaluate("e => getComputedStyle(e).textDecorationLine") == "underline"
    assert passage.evaluate("e => getComputedStyle(e, '::after').content") == '"2/2"', "book 2, note 2"
    assert not page.locator("nav").is_visible() and not page.locator(".tools").is_visible()
    assert page.locator("#prompt-2").is_visible() and page.locator("article.step:visible").count() == 4
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
    page.locator("#samples a.copied").first.focus()
    assert HOSTILE[:30] in page.locator("#samples .panel cite").text_content()
    assert page.evaluate("document.querySelectorAll('img, script:not(:last-of-type), iframe').length") == 0
    assert page.locator("#appendix").is_visible()


def test_the_built_start_page_leads_to_the_built_report(opened, built):
    page = opened(built / "reports" / "index.html")
    page.get_by_role("link", name="The plays of William Shakespeare").first.click()
    assert page.locator("h1").text_content() == "The plays of William Shakespeare"
    assert page.locator("#samples a.copied").count() > 0 and page.locator(".chart").count() == 4
