"""Fixtures of tests that open a page in a real browser."""

import pytest

from poet.files import write_text
from poet.report.start_page import start_page
from poet.report.summary import read_summaries
from tests.report.shelf import a_run, write_report


@pytest.fixture
def opened(browser):
    """Opens pages; in the end no page may have had an error, a dialog or a request for an asset."""
    pages, problems = [], []

    def open_page(path, **options):
        page = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
        pages.append(page)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
        # The page is one file: besides the page itself, nothing may be requested.
        page.on("request", lambda request: None if request.is_navigation_request() else problems.append(request.url))
        page.goto(f"file://{path}")
        return page

    yield open_page
    assert problems == []
    for page in pages:
        page.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A page and, beside its folder, the start page."""
    page = write_report(tmp_path_factory.mktemp("report"))
    runs = {"shakespeare": [a_run(f"run-{i}", 1.7 + i / 9, **{"train.steps": str(9 - i)}) for i in range(3)]}
    summaries = read_summaries(page.parents[2] / "summaries")
    write_text(page.parents[1] / "index.html", start_page(summaries, runs))
    return page


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return write_report(tmp_path_factory.mktemp("hostile"), hostile=True)


@pytest.fixture(scope="module")
def shown_page(tmp_path_factory):
    """A page of the size of the default recipe: eighteen samples for three prompts at three temperatures."""
    return write_report(tmp_path_factory.mktemp("default"), samples=18)


@pytest.fixture
def page(opened, report):
    return opened(report)
