"""Escaping: any text comes back from its HTML, and nothing in the data runs in the page."""

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.report.collection_page import collection_page
from poet.report.render import escape_exactly
from tests.report.shelf import HOSTILE, made_up_results, shipped_params


class Texts(HTMLParser):
    """The text of each element of a class, and every tag that could run something."""

    def __init__(self, wanted):
        super().__init__(convert_charrefs=True)
        self.wanted, self.depth, self.texts, self.active = wanted, 0, [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "img", "iframe", "object") or any(name.startswith("on") for name, _ in attributes):
            self.active.append(tag)
        if self.wanted in (dict(attributes).get("class") or "").split():
            self.depth = 1
            self.texts.append("")
        elif self.depth:
            self.depth += 1

    def handle_endtag(self, tag):
        self.depth = max(0, self.depth - 1)

    def handle_data(self, data):
        if self.depth:
            self.texts[-1] += data


@pytest.fixture(scope="module")
def hostile():
    """Results in which every string is hostile."""
    return made_up_results(hostile=True)


@pytest.fixture(scope="module")
def page(hostile):
    return collection_page(hostile, shipped_params())


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_comes_back_from_its_html(text):
    shown = html.unescape(str(escape_exactly(text)))
    # Python maps references to C1 controls as browsers do, but leaves the characters themselves alone, as they do.
    assert shown == text.translate({0: "␀"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))
    shown.encode("utf-8")


def test_hostile_strings_stay_text(hostile, page):
    parser = Texts("text")
    parser.feed(page)
    assert parser.active == ["script"], "our own script and nothing else"
    samples = [shown.sample for shown in hostile.samples]
    wanted = [(sample.prompt + sample.text).replace("\0", "␀") for sample in samples]
    assert sorted(parser.texts[1 : len(samples) + 1]) == sorted(wanted), "prompt and text, exactly"
    assert "<script>alert" not in page and html.escape("<img src=x") in page
    assert "\0" not in page and "\r" not in page, "no byte that a browser would drop or change"


def test_the_page_is_self_contained_and_says_so(page):
    assert "default-src 'none'" in html.unescape(page)
    assert not re.search(r'<(?:link|img|script src|iframe)|src="|@import|url\(|style="', page)
    assert set(re.findall(r'href="(https?://[^/"]+)', page)) == {"https://www.gutenberg.org"}
    for attribute in ("localStorage", "sessionStorage", "innerHTML", "fetch(", "window.open"):
        assert attribute not in page


def test_titles_are_isolated_from_the_direction_of_the_page(page):
    title = str(escape_exactly(HOSTILE))
    everywhere = [match.start() for match in re.finditer(re.escape(title), page)]
    body = page.index("<cite>")
    cited = [at for at in everywhere if at > body and page[at - 11 : at].startswith("<cite><bdi>")]
    assert cited and all(page[at - 5 : at] == "<bdi>" for at in cited)
