"""The page in front of the real server: two models side by side, a passage, a link, a server that is gone and back."""

import pytest

from tests.export.conftest import ready
from tests.export.writing import choose_word, finished, settings, texts, token, write
from tests.report.browsing import CHROMIUM
from tests.serve.process import served
from tests.serve.web import running as web

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]

PROMPT = "the old "


@pytest.fixture(scope="module")
def address(trained):
    """A server that offers one model by two names."""
    poet = web.small_poet(trained)
    with web.running({"first": poet, "second": web.small_poet(trained)}) as server:
        yield f"{server.url}/"


def test_write_tap_branch_and_link(opened, address):
    page = ready(opened(address))
    page.locator("button.line").first.wait_for()
    text = write(page, beginning=PROMPT, seed=3, tokens=60)
    assert text.startswith(PROMPT)
    page.locator(".copied [data-token]").last.click()
    page.locator("#note").get_by_text("into the book").wait_for()
    assert page.locator("#note mark").text_content() in page.locator("#note blockquote").text_content()
    choose_word(page)
    page.locator("#note .alternative:enabled").first.click()
    branch = finished(page)[0]
    assert branch != text
    assert finished(ready(opened(page.url)))[0] == branch


def test_two_models_side_by_side(opened, address):
    page = ready(opened(address))
    page.locator("#both").click()
    write(page, beginning=PROMPT, seed=3, tokens=40)
    assert [head.split(",")[0] for head in page.locator(".piece-head").all_text_contents()] == ["first", "second"]
    assert page.locator("#notice").text_content() == ""


def test_a_server_that_is_killed_in_the_middle_and_started_again(opened, trained):
    options = "--model", trained / "model", "--index", trained / "index"
    with served(*options) as (process, url):
        page = ready(opened(f"{url}/"))
        settings(page, seed=3, tokens=1000)
        page.locator("#prompt").fill(PROMPT)
        page.locator("#write").click()
        token(page, 3).wait_for()
        process.kill()
        again = page.get_by_role("button", name="Try again")
        again.wait_for()
        begun = texts(page)[0]
        assert begun.startswith(PROMPT) and "Broken off." in page.locator(".made").text_content()
    with served(*options, port=url.rpartition(":")[2]):
        again.click()
        text = finished(page)[0]
        assert text.startswith(begun) and len(text) > len(begun)
        assert page.locator("#notice").text_content() == ""
