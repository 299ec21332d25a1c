"""The page for everybody: keyboard, screen reader, narrow screens, colours, paper; hostile texts; what can go wrong."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.export.conftest import ready
from tests.export.paper import script, write_page
from tests.export.writing import BEGINNING, choose_word, finished, settings, write
from tests.report.browsing import CHROMIUM, accessibility
from tests.report.shelf import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]


def note_of(page):
    return page.locator("#note")


def passage_of(page, number=0):
    return page.locator(".copied").nth(number)


def test_everything_by_the_keyboard(page):
    settings(page, seed=7, tokens=60)
    page.locator("#prompt").focus()
    page.keyboard.type(BEGINNING)
    page.keyboard.press("Control+Enter")
    text = finished(page)[0]
    page.locator(".text").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator(".picked").first.get_attribute("data-token") == "1"
    assert "%" in page.locator("#status").text_content(), "the word is said, and how likely it was"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "note"
    choose_word(page)
    page.locator(".alternative:enabled").first.focus()
    page.keyboard.press("Enter")
    assert finished(page)[0] != text
    passage = passage_of(page)
    passage.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "note"
    note_of(page).get_by_text("into the book").wait_for()
    page.keyboard.press("Escape")
    assert passage.evaluate("e => e === document.activeElement"), "and back to the passage"


def test_screen_readers_hear_what_happens(page):
    write(page)
    said = page.locator("#status").text_content()
    assert said.startswith("Finished.") and "characters" in said and "In the books: " in said
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    names = [node["name"]["value"] for node in tree if node.get("role", {}).get("value") == "button"]
    assert any(name.startswith("found in book ") for name in names)
    levels = page.evaluate("Array.from(document.querySelectorAll('h1,h2,h3,h4'), e => Number(e.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, paper, scheme):
    page = ready(opened(paper, color_scheme=scheme, bypass_csp=True))
    assert accessibility(page) == []
    page.locator("#both").click()
    write(page)
    page.get_by_role("button", name="Keep").first.click()
    page.locator("#settings").click()
    passage_of(page).locator("[data-token]").first.click()
    note_of(page).get_by_text("into the book").wait_for()
    page.wait_for_timeout(600)  # the tints fade in
    assert accessibility(page) == []


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("hostile", [False, True])
def test_nothing_is_wider_than_the_window(opened, tmp_path, width, hostile):
    page = ready(opened(f"file://{write_page(tmp_path, script(hostile=hostile))}", width=width))
    page.locator("#both").click()
    write(page)
    page.locator("[data-token]").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_note_does_not_hide_the_word(opened, paper):
    page = ready(opened(paper, width=390, height=844, has_touch=True))
    write(page)
    for number in (0, -1):
        part = passage_of(page, number).locator("[data-token]").first
        part.scroll_into_view_if_needed()
        part.tap()
        note_of(page).get_by_text("into the book").wait_for()
        over, place = note_of(page).bounding_box(), part.bounding_box()
        assert over["y"] >= place["y"] + place["height"] or over["y"] + over["height"] <= place["y"]
        note_of(page).get_by_role("button", name="Close").tap()
        assert note_of(page).is_hidden()


def test_hostile_texts_are_harmless(opened, tmp_path):
    page = ready(opened(f"file://{write_page(tmp_path, script(hostile=True))}"))
    text = write(page, beginning=HOSTILE.replace("\0", ""))
    assert "<script>alert(1)</script>" in text
    page.locator("[data-token]").nth(3).click()
    page.get_by_role("button", name="Keep").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save card").click()
    ElementTree.fromstring(saved.value.path().read_text(encoding="utf-8"))
    assert page.locator("main img, main script, main style, main iframe").count() == 0
    assert page.locator("h1").is_visible() and "onerror" in page.locator("h1").text_content()
    other = ready(opened(page.url))
    assert finished(other)[0] == text


def test_a_broken_text_can_be_tried_again(opened, tmp_path):
    page = ready(opened(f"file://{write_page(tmp_path, script(fail=10))}"))
    text = write(page)
    assert page.locator("#notice").text_content().startswith("The model broke down.")
    assert "Broken off." in page.locator(".made").text_content()
    page.get_by_role("button", name="Try again").click()
    again = finished(page)[0]
    assert again.startswith(text) and len(again) > len(text)
    assert page.locator("#notice").text_content() == ""


def test_without_the_books_it_says_that_it_cannot_trace(opened, tmp_path):
    note = "The books have 31.0 MB, too much for a page, so it cannot show which of its words stand in them."
    page = ready(opened(f"file://{write_page(tmp_path, script(can_trace=False, note=note))}"))
    assert note in note_of(page).text_content()
    assert page.locator("#copying").is_disabled() and page.locator("button.line").count() == 0
    write(page)
    assert page.locator(".copied").count() == 0 and page.locator(".legend").text_content() == ""


def test_a_program_that_does_not_start_is_reported(opened, tmp_path, paper):
    broken = tmp_path / "poet.html"
    broken.write_text(
        Path(paper.removeprefix("file://"))
        .read_text(encoding="utf-8")
        .replace("function scriptedEngine(post) {", "throw new Error('no memory'); function scriptedEngine(post) {"),
        encoding="utf-8",
    )
    page = opened(f"file://{broken}")
    page.get_by_text("The model stopped working").wait_for()
    assert page.locator("#write").is_disabled()


def test_the_int8_page_says_that_it_rounds(page, opened, tmp_path):
    assert "rounded to 8 bits" in page.locator("#colophon").text_content()
    exact = ready(opened(f"file://{write_page(tmp_path, script(precision='float32'))}"))
    assert "rounded" not in exact.locator("#colophon").text_content()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "read these books. "),
        (1, "read One. "),
        (2, "read One and Two. "),
        (3, "read One, Two and <Three>. "),
        (5, "read 5 books, among them One, Two and <Three>. "),
    ],
)
def test_the_books_stand_at_the_top_by_name(opened, tmp_path, count, words):
    titles = ("One", "Two", "<Three>", "Four", "Five")[:count]
    books = [{"id": number, "title": title, "author": ""} for number, title in enumerate(titles)]
    page = ready(opened(f"file://{write_page(tmp_path, script(books=books))}"))
    assert words in page.locator(".lead").text_content()
    assert page.locator(".lead cite").count() == min(count, 3)


def test_on_paper_only_the_text_and_its_books(page):
    write(page)
    page.emulate_media(media="print")
    assert page.locator(".text").is_visible() and page.locator(".legend").is_visible()
    for name in (".dock", ".margin", ".tools", ".lead"):
        assert not page.locator(name).first.is_visible()
    assert passage_of(page).evaluate("e => getComputedStyle(e).textDecorationLine") == "underline"


def test_with_forced_colours_the_tints_stay(opened, paper):
    page = ready(opened(paper, forced_colors="active"))
    write(page)
    shades = {passage_of(page, i).evaluate("e => getComputedStyle(e).backgroundColor") for i in range(2)}
    assert "rgba(0, 0, 0, 0)" not in shades


def test_settings_reach_the_engine(page):
    page.evaluate(
        """() => { const send = Worker.prototype.postMessage; window.sent = [];
        Worker.prototype.postMessage = function (one) { window.sent.push(one); send.call(this, one); }; }"""
    )
    settings(page, tokens=20, seed=3, top_k=5, top_p=0.9, min_p=0.05, repetition_penalty=1.5)
    page.locator("#prompt").fill(BEGINNING)
    page.locator("#write").click()
    finished(page)
    message = page.evaluate("window.sent.find((one) => one.type === 'write')")
    assert message["settings"] == {
        "temperature": 0.8, "tokens": 20, "seed": 3, "top_k": 5, "top_p": 0.9, "min_p": 0.05,
        "repetition_penalty": 1.5, "max_copy": 0,
    }  # fmt: skip
    assert message["prompt"] == BEGINNING and message["forced"] == []
