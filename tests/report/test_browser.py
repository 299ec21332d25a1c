"""The report in a real browser."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield browser
        browser.close()


@pytest.fixture
def page(browser, built):
    """The report of the small build, with every error of the page collected in `page.problems`."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda message: page.problems.append(message.text) if message.type == "error" else None)
    page.goto(f"file://{built}/reports/shakespeare/index.html")
    yield page
    assert page.problems == []
    page.close()


def test_a_click_on_a_passage_shows_its_source(page):
    passage = page.locator("a.copied").first
    source = page.locator(passage.get_attribute("href"))
    title = source.locator("cite").text_content()
    popover = page.locator("#popover")
    assert popover.is_hidden()
    passage.click()
    assert popover.is_visible()
    assert title in popover.text_content()
    assert source.locator("mark").text_content() in popover.text_content()
    box, place = popover.bounding_box(), passage.bounding_box()
    assert box["y"] > place["y"] + place["height"] or box["y"] + box["height"] < place["y"], (
        "the passage stays in sight"
    )
    page.keyboard.press("Escape")
    assert popover.is_hidden()


def test_the_keyboard_does_it_too(page):
    page.locator("a.copied").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#popover").is_visible()
    page.locator("#popover button").click()
    assert page.evaluate("document.activeElement.className").startswith("copied")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_mode_is_dark(page):
    shade = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    page.emulate_media(color_scheme="light")
    light = shade()
    page.emulate_media(color_scheme="dark")
    assert light == "rgb(253, 252, 248)" and shade() == "rgb(27, 26, 24)"


def test_without_javascript_a_passage_leads_to_its_source(browser, built):
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"file://{built}/reports/shakespeare/index.html")
    passage = page.locator("a.copied").first
    target = passage.get_attribute("href")
    passage.click()
    assert page.url.endswith(target)
    assert page.locator(target).is_visible()
    page.close()


def test_the_start_page_leads_to_the_report(browser, built):
    page = browser.new_page()
    page.goto(f"file://{built}/reports/index.html")
    page.get_by_role("link", name="The plays of William Shakespeare").first.click()
    assert page.locator("h1").text_content() == "The plays of William Shakespeare"
    page.close()
