"""The same page in front of a server: streams, busy and vanished servers, several models, tokens."""

import urllib.parse

import pytest

from tests.export.conftest import ready
from tests.export.paper import script
from tests.export.writing import BEGINNING, finished, settings, texts, token, write
from tests.report.browsing import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]


def named(name, number, **changes):
    return script(name=name, model_sha256=f"{number}" * 64, precision="float32", **changes)


def test_a_text_a_passage_and_a_link(opened, serve):
    address, _ = serve(script())
    page = ready(opened(address))
    page.locator("button.line").first.wait_for()
    text = write(page)
    page.locator(".copied [data-token]").first.click()
    page.locator("#note").get_by_text("into the book").wait_for()
    assert finished(ready(opened(page.url)))[0] == text


def test_stopping_closes_the_stream(opened, serve):
    address, _ = serve(script(pace=15))
    page = ready(opened(address))
    page.locator("#prompt").fill(BEGINNING)
    page.locator("#write").click()
    token(page, 3).wait_for()
    page.locator("#write").click()
    text = finished(page)[0]
    page.wait_for_timeout(200)
    assert texts(page)[0] == text


def test_two_models_side_by_side(opened, serve):
    address, _ = serve(named("first", 1), named("second", 2, title="Poems"))
    page = ready(opened(address))
    page.locator("#both").click()
    assert page.locator("#model").evaluate("e => e.selectedOptions[0].text") == "first"
    assert page.locator("#second-model").evaluate("e => e.selectedOptions[0].text") == "second"
    write(page)
    assert page.locator(".piece-head").all_text_contents() == ["first, temperature 0.8", "second, temperature 1.2"]
    page.locator("#model").select_option("second")
    assert page.locator("h1").text_content() == "Poems"
    link = urllib.parse.urlsplit(page.url).fragment
    assert "model=111111111111" in link
    assert ready(opened(f"{address}#{link.replace('1' * 12, '2' * 12)}")).locator("h1").text_content() == "Poems"


def test_a_busy_server_is_asked_again(opened, serve):
    address, _ = serve({**script(), "busy": 1})
    page = ready(opened(address))
    settings(page, tokens=40)
    page.locator("#prompt").fill(BEGINNING)
    page.locator("#write").click()
    page.get_by_text("The server is busy: all places are taken. Try again in 2 seconds.").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.locator(".copied").first.wait_for()
    assert finished(page)[0].startswith(BEGINNING)


def test_a_server_that_vanishes_in_the_middle_and_comes_back(opened, serve):
    address, process = serve(script(pace=15))
    page = ready(opened(address))
    settings(page, tokens=60, seed=7)
    page.locator("#prompt").fill(BEGINNING)
    page.locator("#write").click()
    token(page, 6).wait_for()
    process.kill()
    again = page.get_by_role("button", name="Try again")
    again.wait_for()
    text = texts(page)[0]
    assert text.startswith(BEGINNING) and "Broken off." in page.locator(".made").text_content()
    again.click()
    page.get_by_text("The server does not answer.").wait_for()
    serve(script(), port=urllib.parse.urlsplit(address).port)
    again.click()
    assert finished(page)[0].startswith(text), "the same text, to its end"
    assert page.locator("#notice").text_content() == ""


def test_a_server_that_asks_for_a_token(opened, serve):
    address, _ = serve({**script(), "token": "secret"})
    page = opened(address)
    page.get_by_label("This server asks for a token.").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_label("This server asks for a token.").fill("secret")
    page.get_by_role("button", name="Open").click()
    assert write(ready(page)).startswith(BEGINNING)
    assert "secret" not in page.url
