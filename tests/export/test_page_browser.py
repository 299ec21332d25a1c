"""Writing with a poet in a real browser, as a person does: type, watch, tap, branch, compare, keep, share."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from tests.export.conftest import ready
from tests.export.paper import BOOKS, script, write_page
from tests.export.writing import BEGINNING, choose_word, finished, settings, texts, token, write
from tests.report.browsing import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]


def note_of(page):
    return page.locator("#note")


def passage_of(page, number=0):
    return page.locator(".copied").nth(number)


def test_the_text_streams_and_can_be_stopped(opened, tmp_path):
    page = ready(opened(f"file://{write_page(tmp_path, script(pace=15))}"))
    page.locator("#prompt").fill(BEGINNING)
    page.locator("#write").click()
    token(page, 1).wait_for()
    lengths = []
    for _ in range(3):
        page.wait_for_timeout(150)
        lengths.append(len(texts(page)[0]))
    assert lengths[0] < lengths[1] < lengths[2]
    assert page.locator("#write").text_content() == "Stop" and page.locator(".pen").is_visible()
    assert page.locator(".text").get_attribute("lang") == "en"
    page.locator(".copied").first.wait_for()
    assert page.locator("#write").text_content() == "Stop", "sources appear while it writes"
    page.locator("#write").click()
    text = finished(page)[0]
    assert text.startswith(BEGINNING) and "Stopped." in page.locator(".made").text_content()
    assert not page.locator(".pen").is_visible()
    page.locator("button.on").click()
    page.locator("#write.stop").wait_for()
    page.keyboard.press("Escape")
    assert finished(page)[0].startswith(text), "and go on where it was"


def test_a_passage_leads_to_its_place_in_the_book(page):
    write(page)
    passage = passage_of(page)
    number = int(passage.get_attribute("data-number"))
    title, book = list(BOOKS.items())[number - 1]
    assert passage.text_content() in book
    passage.locator("[data-token]").first.click()
    note = note_of(page)
    note.get_by_text("into the book").wait_for()
    assert title in note.text_content() and "William Shakespeare" in note.text_content()
    assert passage.text_content().strip() in note.locator("mark").text_content()
    quotation = note.locator("blockquote").text_content()
    assert len(quotation) > len(note.locator("mark").text_content()) and quotation.strip("… ") in book
    legend = page.locator(".legend")
    assert "are, letter for letter, in a book" in legend.text_content() and title in legend.text_content()
    assert legend.locator(".swatch").count() == len(
        set(page.locator(".copied").evaluate_all("all => all.map((e) => e.dataset.number)"))
    )


def test_what_else_it_could_have_said_and_the_way_back(page):
    first = write(page)
    number = choose_word(page)
    before = page.locator("[data-token]").evaluate_all(
        f"all => all.filter((e) => e.dataset.token < {number}).map((e) => e.textContent).join('')"
    )
    note = note_of(page)
    assert "What else could it have said?" in note.text_content()
    shares = [float(re.search(r"\d+", text).group()) for text in note.locator(".percent").all_text_contents()]
    assert shares == sorted(shares, reverse=True) and 50 < sum(shares) <= 102
    assert note.locator(".alternative:disabled").count() == 1, "the word that is there"
    other = note.locator(".alternative:enabled").first
    word = other.locator(".word").text_content()
    other.click()
    second = finished(page)[0]
    assert second.startswith(BEGINNING + before) and second != first
    parts = page.locator(f"[data-token='{number}']").all_text_contents()
    assert "".join(parts).strip().startswith(word.split()[0])
    tree = page.locator(".tree")
    assert "(2)" in tree.locator("summary").text_content()
    tree.locator("button.branch").first.click()
    assert finished(page)[0] == first
    tree.locator("button.branch").nth(1).click()
    assert finished(page)[0] == second


def test_two_temperatures_side_by_side(page):
    page.locator("#both").click()
    write(page)
    one, two = finished(page)
    assert one.startswith(BEGINNING) and two.startswith(BEGINNING) and one != two
    assert page.locator(".piece-head").all_text_contents() == ["temperature 0.8", "temperature 1.2"]
    left, right = (piece.bounding_box() for piece in page.locator(".piece").all())
    assert left["x"] < right["x"] and left["y"] == right["y"]
    page.locator("#both").click()
    assert finished(page) == [one]
    page.locator("#both").click()
    assert finished(page) == [one, two], "the text that is there gets its companion"


def test_a_line_of_a_book_begins_a_text(page):
    settings(page, tokens=40)
    line = page.locator("button.line").first
    line.wait_for()
    words = line.locator("bdi").first.text_content()
    line.click()
    assert page.locator("#prompt").input_value() == words and words in BOOKS["Hamlet"]
    page.locator("#write").click()
    assert finished(page)[0].startswith(words)
    assert "beginning with a line of Hamlet" in page.locator(".made").text_content()


def test_an_empty_sheet_begins_with_a_line_too(page):
    page.locator("button.line").first.wait_for()
    settings(page, tokens=20)
    page.locator("#write").click()
    assert any(finished(page)[0].startswith(tuple(book.split("\n"))) for book in BOOKS.values())


def test_the_beginning_can_be_changed(page):
    first = write(page)
    page.locator(".prompt").click()
    prompt = page.locator("#prompt")
    assert prompt.input_value() == BEGINNING and page.locator("#pieces").is_hidden()
    prompt.fill("something else")
    page.keyboard.press("Escape")
    assert texts(page) == [first], "Escape leads back"
    page.locator(".prompt").click()
    prompt.fill("Now is the winter")
    page.keyboard.press("Control+Enter")
    assert finished(page)[0].startswith("Now is the winter")
    assert "(2)" in page.locator(".tree summary").text_content(), "the earlier text is in the list"


def test_a_link_makes_the_same_text_again(page, opened):
    write(page)
    number = choose_word(page)
    note_of(page).locator(".alternative:enabled").first.click()
    text = finished(page)[0]
    link = page.url
    assert f"forced={number}." in link
    other = ready(opened(link))
    assert finished(other)[0] == text
    assert other.locator("#prompt").input_value() == BEGINNING
    changed = ready(opened(re.sub("model=[0-9a-f]+", "model=0123456789ab", link)))
    finished(changed)
    assert "another model (0123456789ab)" in changed.locator("#notice").text_content()
    false = ready(opened(f"{link}&line=" + "<b>Gospel</b>"))
    assert finished(false)[0] == text and "Gospel" not in false.locator("body").text_content()


def test_a_stopped_text_is_made_again_as_long_as_it_was(opened, tmp_path):
    page = ready(opened(f"file://{write_page(tmp_path, script(pace=5))}"))
    page.locator("#prompt").fill(BEGINNING)
    page.locator("#write").click()
    token(page, 12).wait_for()
    page.locator("#write").click()
    text = finished(page)[0]
    assert finished(ready(opened(page.url)))[0] == text


def test_texts_are_kept_and_come_back(page, opened, paper):
    text = write(page)
    page.get_by_role("button", name="Keep").click()
    page.reload()
    kept = ready(page).locator("#kept button.branch")
    assert kept.count() == 1 and kept.text_content().startswith(BEGINNING)
    kept.click()
    assert finished(page)[0] == text
    page.locator("#kept .remove").click()
    assert page.locator("#kept").is_hidden()
    page.reload()
    assert ready(page).locator("#kept").is_hidden()


def test_copy_takes_the_sources_with_it(page):
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text; }}})"
    )
    text = write(page)
    page.get_by_role("button", name="Copy", exact=True).click()
    copied = page.evaluate("copied")
    assert copied.startswith(text) and "Passages that also stand in the books:" in copied
    assert "Written by a language model trained on: The plays of William Shakespeare." in copied
    title = list(BOOKS)[int(passage_of(page).get_attribute("data-number")) - 1]
    assert f"{title}, William Shakespeare" in copied
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Link copied").wait_for()
    assert page.evaluate("copied") == page.url


def test_text_and_card_are_saved(page):
    text = write(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save text").click()
    assert saved.value.suggested_filename == "To-be-or-not-7.txt"
    assert saved.value.path().read_text(encoding="utf-8").startswith(text)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save card").click()
    assert saved.value.suggested_filename.endswith(".svg")
    card = ElementTree.fromstring(saved.value.path().read_text(encoding="utf-8"))
    words = " ".join("".join(card.itertext()).split())
    assert "The slings and arrows" in words or "to be" in words.lower()
    assert "Tinted words also stand in:" in words and "Written by a language model" in words
    assert float(card.get("height")) > 300


def test_the_sliders_say_what_they_do(page):
    page.locator("#temperature").fill("0")
    assert page.locator("#temperature").get_attribute("aria-valuetext") == "0.00, always the likeliest"
    copying = page.locator("#copying")
    assert copying.get_attribute("aria-valuetext") == "anything"
    copying.fill("0")
    assert page.locator("#copying-value").text_content() == "nothing"
    assert "at most 19 characters" in copying.get_attribute("aria-valuetext")
    write(page)
    assert "Temperature 0, seed 7" in page.locator(".made").text_content()
    assert "at most 19 characters copied" in page.locator(".made").text_content()
