"""Fixtures of tests that open a page in a real browser."""

import pytest

from tests.report.browsing import ARGUMENTS, CHROMIUM


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield browser
        browser.close()


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
