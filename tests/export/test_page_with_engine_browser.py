"""The page with its real engine, from disk: what a person sees is what Python writes, and can be made again."""

import urllib.parse

import pytest

from poet.files import write_text
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import decode, encode
from tests.export.conftest import ready
from tests.export.engine.made import INT8, TITLE, make_page, python_writes, training_texts
from tests.export.writing import choose_word, finished, write
from tests.report.browsing import CHROMIUM, accessibility

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]

PROMPT = "to be "
# An untrained model also writes control characters, which the page shows by signs.
SIGNS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"} | dict.fromkeys(
    range(127, 160), "\ufffd"
)
SIGNS[13] = "\n"


@pytest.fixture(scope="module")
def exact(tmp_path_factory):
    """A model, and the address of its page in float32. Passages of four characters are so short that there are many."""
    folder = tmp_path_factory.mktemp("exact")
    trained, page = make_page(folder, min_length=4)
    write_text(folder / "poet.html", page)
    return trained, f"file://{folder / 'poet.html'}"


def test_a_person_sees_the_text_that_python_writes(opened, exact):
    trained, address = exact
    page = ready(opened(address))
    assert page.locator("h1").text_content() == TITLE
    text = write(page, beginning=PROMPT, seed=5, tokens=70)
    ids, _ = python_writes(trained, PROMPT, SamplingParams(temperature=0.8, seed=5), 70)
    written = decode(trained.tokenizer, ids)
    assert text.startswith(PROMPT) and len(written) > 50
    shown = text.removeprefix(PROMPT)
    # The last character may be incomplete, and is then not shown.
    assert len(shown) > 50 and written.translate(SIGNS).startswith(shown)


def test_a_passage_of_a_book_is_found_in_it(opened, exact):
    """An untrained model copies nothing, so a link has the tokens of a passage chosen by hand."""
    trained, address = exact
    passage = training_texts()["second"][500:560]
    forced = "-".join(f"{index}.{token}" for index, token in enumerate(encode(trained.tokenizer, passage)))
    values = {"model": trained.sha256[:12], "precision": "float32", "tokens": 100, "forced": forced, "prompt": "X "}
    page = ready(opened(f"{address}#{urllib.parse.urlencode(values)}"))
    text = finished(page)[0]
    assert text.startswith(f"X {passage}") and page.locator("#notice").text_content() == ""
    copied = page.locator(".copied").first
    assert len(copied.text_content()) > 40 and copied.text_content() in passage
    copied.locator("[data-token]").last.click()
    page.locator("#note").get_by_text("into the book").wait_for()
    assert page.locator("#note cite").first.text_content() == page.locator(".legend cite").first.text_content()
    assert passage.strip() in page.locator("#note blockquote").text_content()


def test_a_branch_its_link_and_the_way_back(opened, exact):
    page = ready(opened(exact[1]))
    first = write(page, beginning=PROMPT, seed=5, tokens=40)
    number = choose_word(page)
    page.locator("#note .alternative:enabled").first.click()
    second = finished(page)[0]
    assert second != first and f"forced={number}." in page.url
    assert finished(ready(opened(page.url)))[0] == second
    page.locator(".tree button.branch").first.click()
    assert finished(page)[0] == first


def test_two_at_once_and_nothing_copied(opened, exact):
    page = ready(opened(exact[1]))
    page.locator("#copying").fill("0")
    page.locator("#both").click()
    write(page, beginning=PROMPT, seed=5, tokens=40)
    one, two = finished(page)
    assert one != two and page.locator(".copied").count() == 0
    assert page.locator("#notice").text_content() == ""


def test_a_line_of_a_book_and_a_rounded_model(opened, tmp_path):
    write_text(tmp_path / "poet.html", make_page(tmp_path, settings=INT8, min_length=4)[1])
    page = ready(opened(f"file://{tmp_path / 'poet.html'}", bypass_csp=True))
    line = page.locator("button.line").first
    line.wait_for()
    words = line.locator("bdi").first.text_content()
    line.click()
    page.locator("#write").click()
    page.locator("#write.stop").wait_for()
    page.locator("[data-token]").nth(20).wait_for()
    page.locator("#write").click()
    text = finished(page)[0]
    assert text.startswith(words) and "rounded to 8 bits" in page.locator("#colophon").text_content()
    assert finished(ready(opened(page.url)))[0] == text
    assert accessibility(page) == []
