"""A page in a frame is the whole page, and cannot touch the notebook."""

import html
import re

import pytest

from poet.errors import DataError
from poet.files import write_text
from poet.notebook.page import LINKS, Page
from poet.report.render import source_hash

CONTENT = "<!doctype html><p title=\"a 'b' &amp; c\">1 &lt; 2\r</p>"


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("", encoding="utf-8")
    write_text(tmp_path / "reports/mine/poet.html", CONTENT)
    return Page("reports/mine/poet.html")


def test_the_frame_has_the_whole_page(page):
    (content,) = re.findall(r'srcdoc="([^"]*)"', page._repr_html_())
    # Without its doctype at the beginning, a browser would draw it by the rules of old pages.
    assert html.unescape(content) == CONTENT.replace("<!doctype html>", f"<!doctype html>{LINKS}")


def test_the_page_has_no_origin_by_which_it_could_reach_the_notebook(page):
    assert 'sandbox="allow-scripts allow-popups"' in page._repr_html_()


def test_a_page_that_is_missing_is_named(page):
    with pytest.raises(DataError, match=r"other\.html does not exist"):
        Page("reports/mine/other.html")._repr_html_()


SCRIPT = "addEventListener('hashchange', () => { document.title = location.hash; });"
LINKED = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '{source_hash(SCRIPT)}'">
<title>mine</title></head>
<body><a href="#end">end</a> <a href="poet.html">file</a> <a href="../index.html#x">other</a>
<p style="height: 3000px">much</p><p id="end">the end</p><script>{SCRIPT}</script></body></html>"""


@pytest.mark.browser
def test_links_within_the_page_work_and_others_lead_nowhere(page, tmp_path, browser):
    """As a notebook shows it: in a frame of a page that has an address of its own."""
    from playwright.sync_api import expect

    write_text(tmp_path / "reports/mine/poet.html", LINKED)
    write_text(tmp_path / "notebook.html", f"<!doctype html><title>notebook</title>{page._repr_html_()}")
    tab = browser.new_page()
    tab.goto((tmp_path / "notebook.html").as_uri())
    frame = tab.frames[1]
    assert frame.evaluate("document.compatMode") == "CSS1Compat"
    for name in ("file", "other"):
        frame.get_by_role("link", name=name).click()
    frame.get_by_role("link", name="end").click()
    expect(frame.get_by_text("the end")).to_be_in_viewport()
    assert frame.evaluate("document.title") == "#end", "the page's own script is told of it"
    assert frame.get_by_text("much").count() == 1
    tab.close()
