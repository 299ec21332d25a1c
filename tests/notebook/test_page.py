"""A page in a frame is the whole page, and cannot touch the notebook."""

import html
import re

import pytest

from poet.errors import DataError
from poet.files import write_text
from poet.notebook.page import Page

CONTENT = "<!doctype html><p title=\"a 'b' &amp; c\">1 &lt; 2\r</p>"


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("", encoding="utf-8")
    write_text(tmp_path / "reports/mine/poet.html", CONTENT)
    return Page("reports/mine/poet.html")


def test_the_frame_has_the_whole_page(page):
    (content,) = re.findall(r'srcdoc="([^"]*)"', page._repr_html_())
    assert html.unescape(content) == CONTENT


def test_the_page_has_no_origin_by_which_it_could_reach_the_notebook(page):
    assert 'sandbox="allow-scripts allow-popups"' in page._repr_html_()


def test_a_page_that_is_missing_is_named(page):
    with pytest.raises(DataError, match=r"other\.html does not exist"):
        Page("reports/mine/other.html")._repr_html_()
