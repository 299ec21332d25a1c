"""The lesson in a real browser, from the disk: every figure follows the line, and everybody can read it."""

import base64
import dataclasses
import hashlib
import itertools
import re

import pytest

from poet.export.lesson import FIRST_LINE, lesson_page
from poet.params.page import PageSettings
from tests.export.engine import made
from tests.export.engine.made import SMALL, TITLE, make_page
from tests.report.browsing import CHROMIUM, accessibility

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]
HOSTILE = "<img src=x onerror=alert(1)>\u202e</script>"


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The address of a lesson with an untrained model."""
    folder = tmp_path_factory.mktemp("lesson")
    config = dataclasses.replace(SMALL, sequence_len=64)
    _, content = make_page(folder, config=config, render=lesson_page)
    (folder / "lesson.html").write_text(content, encoding="utf-8")
    return (folder / "lesson.html").as_uri()


@pytest.fixture
def page(opened, lesson):
    return ready(opened(lesson))


def ready(page):
    page.locator("body[data-ready]").wait_for()
    return page


def line(page, text):
    """Write another line, and wait until the figures show it."""
    page.locator("#line").fill(text)
    page.locator("#tokens-note").get_by_text(f"{len(text)} character").wait_for()


def test_the_policy_allows_this_style_and_this_script(tmp_path):
    _, content = make_page(tmp_path, render=lesson_page)
    assert content == make_page(tmp_path / "again", render=lesson_page)[1]
    policy = re.search(r'Security-Policy" content="([^"]*)"', content)[1].replace("&#39;", "'")
    for tag in ("style", "script"):
        source = re.search(rf"<{tag}>(.*?)</{tag}>", content, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ") and "connect-src" not in policy and "<b>" not in content


def test_every_figure_follows_the_line(page):
    assert page.locator("#line").input_value() == FIRST_LINE
    assert page.locator("#books").text_content() == "3 books"
    line(page, "The old")
    tokens = page.locator("#tokens .token bdi").all_text_contents()
    assert "".join(tokens) == "The·old"
    assert page.locator("#surprise .token").count() == len(tokens)
    assert page.locator("#attention .token").count() == len(tokens) + 1, "the end of the line before, too"
    assert "bits per character" in page.locator("#surprise-sum").text_content()
    assert "1.50" in page.locator("#surprise-sum").text_content(), "what was measured"
    labels = page.locator("#surprise .token").evaluate_all("all => all.map((e) => e.getAttribute('aria-label'))")
    bits = [float(re.search(r"([\d.]+) bits", label)[1]) for label in labels]
    whole = float(page.locator("#surprise-sum").text_content().split()[0])
    assert abs(sum(bits) - whole) < 0.05 * (len(bits) + 1)
    page.locator("#surprise .token").first.click()
    assert page.locator("#surprise .token").first.get_attribute("aria-pressed") == "true"
    assert page.locator("#surprise .token").first.evaluate("e => e === document.activeElement")
    assert tokens[0] in page.locator("#surprise-note").text_content()
    page.locator("#attention .token").nth(1).click()
    assert f"“{tokens[0]}”" in page.locator("#attention-note").text_content()
    page.locator("#head").select_option("1")
    assert page.locator("#head option").count() == 2


def test_choosing_and_dice_lengthen_the_line(page):
    line(page, "The ")
    word = page.locator("#next .word").first.text_content()
    page.locator("#next button").first.click()
    assert page.locator("#line").input_value() == "The " + word.replace("·", " ").replace("↵", "\n")
    before = len(page.locator("#line").input_value())
    page.locator("#draw").click()
    assert len(page.locator("#line").input_value()) > before
    # What the temperature does to the chances, test_lesson_scripts.py compares with torch.
    page.locator("#temperature").fill("2")
    assert page.locator("#temperature-value").text_content() == "2.0"
    assert page.locator("#next .choice").count() == 8


def test_the_search_halves_what_is_left_until_the_places_are_there(page):
    left = []
    for _ in range(10):
        page.locator("#step").click()
        if page.locator("#endings .found").count():
            break
        left.append(page.locator("#endings li:not(.out)").count())
    assert left[0] == 18 and all(after <= before // 2 for before, after in itertools.pairwise(left))
    assert "stands 2 times in the line, at 3, 16." in page.locator("#step-note").text_content()
    assert page.locator("#endings .found bdi").all_text_contents() == ["be·or·not·to·be", "be"]
    page.locator("#passage").fill("bee")
    while page.locator("#step").text_content() != "Again":
        page.locator("#step").click()
    assert "does not stand in the line" in page.locator("#step-note").text_content()


def test_what_the_poet_copies_stands_in_its_books(opened, tmp_path, monkeypatch):
    """An untrained model throws the few words of its books together, and some pairs stand there."""
    books = {"first": "yes no no yes yes no " * 40, "second": "no yes or yes or no or " * 40}
    monkeypatch.setattr(made, "TEXTS", books)
    _, content = make_page(tmp_path, "word", min_length=5, render=lesson_page)
    (tmp_path / "lesson.html").write_text(content, encoding="utf-8")
    page = ready(opened((tmp_path / "lesson.html").as_uri()))
    line(page, " yes")
    page.locator("#write").click()
    page.locator("#copies-note").get_by_text("characters").wait_for()
    marks = page.locator("#copies mark").all_text_contents()
    sources = page.locator("#sources li").all_text_contents()
    assert len(marks) == len(sources) > 0
    for mark, source in zip(marks, sources, strict=True):
        (name,) = [name for name in books if f"stands in {name.capitalize()}" in source]
        assert mark.strip() in books[name]
    assert page.locator("#copies b").text_content() == " yes"


def test_hostile_lines_and_titles_are_harmless(page):
    line(page, HOSTILE)
    page.locator("#short-line").fill(HOSTILE[:40])
    page.locator("#write").click()
    page.locator("#copies-note").get_by_text("characters").wait_for()
    assert page.locator("main img, main script, h1 b").count() == 0
    assert TITLE in page.locator(".lead").text_content()
    line(page, "")
    assert page.locator("#surprise-token").is_hidden()
    assert page.locator("#rounding").is_hidden(), "these weights are exact"


def test_without_books_it_says_so(opened, tmp_path):
    settings = PageSettings(precision="int8", max_bytes=0)
    _, content = make_page(tmp_path, settings=settings, render=lesson_page)
    (tmp_path / "lesson.html").write_text(content, encoding="utf-8")
    page = ready(opened((tmp_path / "lesson.html").as_uri()))
    assert "not in this page" in page.locator("#copies-note").text_content()
    assert page.locator("#rounding").is_visible()
    page.locator("#write").click()
    page.locator("#write:enabled").wait_for()
    assert page.locator("#of-books").is_hidden() and page.locator("#copies mark").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, lesson, scheme):
    page = ready(opened(lesson, color_scheme=scheme, bypass_csp=True))
    page.locator("#step").click()
    page.locator("#write").click()
    page.locator("#copies-note").get_by_text("characters").wait_for()
    assert accessibility(page) == []


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_is_wider_than_the_window(opened, lesson, width):
    page = ready(opened(lesson, width=width))
    page.locator("#write").click()
    page.locator("#copies-note").get_by_text("characters").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
