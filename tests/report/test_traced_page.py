"""The page of `poet attribute` in a real browser: the parts of the report, for a text that no model wrote."""

import pytest

from poet.attribution.spans import attribute_text
from poet.files import write_text
from poet.report.traced_page import Library, TracedTexts, traced_page
from tests.attribution.shelf import indexed
from tests.report.browsing import CHROMIUM, accessibility, point_at
from tests.report.shelf import a_book, a_sample, shipped_params

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]

BOOKS = {"hill": "CHAPTER I\n\nThe lighthouse stood on the hill. It was old.", "sea": "The sea was calm and grey."}
TEXT = "They say that lighthouse stood on the hill, and THE SEA WAS CALM and grey, </p><b>too</b>."


@pytest.fixture(scope="module", params=["with books", "without"])
def traced(request, tmp_path_factory):
    """The page of TEXT, and whether the books of the index are here."""
    here = request.param == "with books"
    spans = attribute_text(indexed(BOOKS), 0, TEXT, 8)
    texts = TracedTexts(samples=[a_sample(TEXT, prompt="")], attribution=[spans], name="<i>.txt", min_length=8)
    rows = [a_book(book, title=book.upper()) for book in BOOKS] if here else []
    library = Library(rows=rows, read=lambda row: BOOKS[row.id], title="Two books" if here else "")
    path = tmp_path_factory.mktemp("traced") / "page.html"
    write_text(path, traced_page(texts, library, shipped_params().report))
    return path, here


def test_a_passage_and_its_source_point_at_each_other(opened, traced):
    path, here = traced
    page = opened(path, bypass_csp=True)
    assert page.locator(".text").text_content() == TEXT
    assert page.locator("h1, .verdict, .sample-head").all_text_contents()[2].startswith("<i>.txt: ")
    passages, panel = page.locator("a.copied"), page.locator(".panel")
    point_at(page, passages.first)
    panel.locator("cite").wait_for()
    assert panel.locator("cite").text_content() == ("HILL" if here else "hill")
    said = panel.locator(".source-place").text_content().replace("\N{NO-BREAK SPACE}", " ")
    assert said == ("CHAPTER I, 27 % into the book" if here else "from character 15")
    assert panel.locator("mark").all_text_contents() == (["lighthouse stood on the hill"] if here else [])
    others = panel.locator(".others button")
    others.first.hover()
    assert "lit" in passages.nth(1).get_attribute("class") and "near" in passages.nth(1).get_attribute("class")
    assert accessibility(page) == []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_the_sources_are_below_the_text(opened, traced):
    page = opened(traced[0], java_script_enabled=False)
    assert page.locator(".tools").is_hidden() and page.locator("button.copy").is_hidden()
    page.locator(".sources summary").click()
    passage = page.locator("a.copied").first
    assert page.locator(passage.get_attribute("href")).locator(".source-title").is_visible()


def test_a_text_that_no_model_wrote_is_copied_without_saying_so(opened, traced):
    page = opened(traced[0])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("button.copy").click()
    page.locator("button.copy", has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(TEXT) and "language model" not in copied
    assert "- lighthouse stood on the hill\n  1 hill, " in copied.replace("HILL, A", "hill")
