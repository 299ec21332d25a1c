"""HTML: running text without markup, in the charset that the page declares."""

import html
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poet.cleaning.formats.html import decode_html, html_to_text
from poet.cleaning.text import clean_text
from poet.errors import CleaningError
from tests.cleaning.formats.paragraphs import PARAGRAPHS
from tests.recipes import CLEAN

PAGE = """<?xml version="1.0"?><!DOCTYPE html><html><head><title>TITLE</title><style>p {}</style>
<script>var x = "<p>PROGRAM";</script></head><body><nav><a href="/">Home</a></nav>
<h1>Emma<br>A Novel</h1><!-- COMMENT --><p>Emma <i>Wood</i>house,
   hand&shy;some &amp; <b>rich</b><span class="pagenum">[Pg 12]</span>, lived.</p>
<div class="poem"><div class="verse">To be,</div><div class="verse">or not.</div></div>
<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table><ul><li>one<li>two</ul>
<pre>  x = 1
    y</pre><p hidden>HIDDEN<p style="display: none">HIDDEN<p>&nbsp;<p>\u5927<ruby>\u548c<rt>WA</rt></ruby>
<blockquote>A letter.<footer>Her name</footer></blockquote><footer>COPYRIGHT</footer></body></html>"""


def test_a_page_becomes_running_text():
    assert html_to_text(PAGE) == (
        "Emma\nA Novel\n\nEmma Woodhouse, handsome & rich, lived.\n\nTo be,\nor not.\n\na\tb\nc\td\n\none\ntwo\n\n"
        "  x = 1\n    y\n\n大和\n\nA letter.\n\nHer name\n"
    )


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        # The number of a line stands in its margin, under several names; a line of verse may be called the same.
        ("<p>Arms and <span class='linenum'>5</span><br>the man <span class=ln> 10</span></p>", "Arms and\nthe man"),
        ("<div class='ln'>In 1984 a line</div>", "In 1984 a line"),
        ("<p>One<span class='x-ebookmaker-pageno'>[12]</span> word<pagenum>13</pagenum>s</p>", "One words"),
        # One paragraph in a cell is a cell; several are paragraphs, as in tables that only arrange a page.
        ("<table><tr><td><p>a</p></td> <td><!-- x --><div><p>b</p></div></td></tr><tr><td><p>c</p></table>", "a\tb\nc"),
        ("<table><tr><td><p>One.</p><p>Two.</p></td></tr></table>", "One.\n\nTwo."),
        ("<table><tr><td>Head<p>One.</p></td></tr></table>", "Head\n\nOne."),
        # Blanks between the elements of a formula are layout.
        ("<p>so <math>\n<mn>3</mn>\n <mo>(</mo> <mi>x</mi> <mo>)</mo></math> is</p>", "so 3(x) is"),
        # Pages about the edition, as their book marks them.
        ("<section epub:type='imprint'>BY VOLUNTEERS</section><section epub:type='chapter'>One</section>", "One"),
    ],
)
def test_what_is_no_running_text(markup, text):
    assert html_to_text(markup) == text + "\n"


def test_the_markup_is_recorded():
    cleaned = clean_text(PAGE.encode(), ".HTM", "a.htm", CLEAN)
    assert [(removal.rule, removal.characters > 500) for removal in cleaned.removals] == [("html", True)]


@pytest.mark.parametrize(
    ("start", "charset", "text"),
    [
        ('<meta charset="windows-1251">', "cp1251", "Мир и труд"),
        ('<META http-equiv=Content-Type content="text/html; charset=ISO-8859-1">', "cp1252", "“naïve”"),
        ('<?xml version="1.0" encoding="KOI8-R"?>', "koi8-r", "Мир и труд"),
        ('<meta charset="shift_jis">', "shift_jis", "吾輩は猫である"),
        ('<meta charset="iso-2022-jp">', "iso-2022-jp", "吾輩は猫である"),
        ('<meta charset="windows-1251">', "utf-8", "Wrongly declared: naïve"),
        ('<meta charset="rot13">', "utf-8", "No charset of texts"),
        ('<meta charset="utf-8">', "utf-16", "A mark stands over what is declared"),
    ],
)
def test_the_markup_declares_the_charset(start, charset, text):
    assert html_to_text(decode_html(f"{start}<p>{text}".encode(charset), "a.html")) == text + "\n"


@given(PARAGRAPHS)
def test_round_trip(paragraphs):
    markup = "".join(f"<p>{html.escape(paragraph)}</p>\n" for paragraph in paragraphs)
    assert html_to_text(markup) == "\n\n".join(paragraphs) + "\n"


@given(st.text(alphabet="<>/&;!-ab p\n\"'=#[]x1", max_size=80))
@example("<!---->")
@example("")
def test_any_markup_is_read(markup):
    assert isinstance(html_to_text(markup), str)


def test_unclosed_elements_beyond_the_parser_are_refused_not_cut():
    assert html_to_text("<font>a " * 1000 + "end").endswith("end\n")
    with pytest.raises(CleaningError, match=r"a\.html: the HTML is nested too deeply"):
        clean_text(b"<font>a " * 5000 + b"end", ".html", "a.html", CLEAN)


@pytest.mark.parametrize(
    "markup", ["<p>Emma <i>Wood</i>house,<br>handsome\n" * 50_000, f"<pre>a{' ' * 100_000}x</pre>"]
)
def test_time_is_linear(markup):
    start = time.perf_counter()
    assert len(html_to_text(markup)) > 100_000
    assert time.perf_counter() - start < 10
