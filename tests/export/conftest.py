"""Fixtures of tests that write on the page in a real browser."""

import subprocess

import pytest

from tests.export.engine.node import NODE
from tests.export.paper import HERE, script, write_page, write_scripts, write_server_page


@pytest.fixture
def opened(browser):
    """Opens addresses; in the end no page may have had an error, a dialog or a request to anywhere but its server."""
    pages, problems = [], []

    def open_page(address, *, width=1280, height=900, **options):
        origin = address.partition("#")[0].rpartition("/")[0]
        page = browser.new_page(viewport={"width": width, "height": height}, **options)
        pages.append(page)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith((origin, "blob:")) or problems.append(request.url))
        page.set_default_timeout(10_000)
        page.goto(address)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert problems == []


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """The address of a page from disk; its engine writes without delay."""
    return f"file://{write_page(tmp_path_factory.mktemp('paper'), script())}"


@pytest.fixture
def page(opened, paper):
    return ready(opened(paper))


@pytest.fixture
def serve(tmp_path):
    """Starts a server for scripts, on a port of one's own choice if one is given: (address, process)."""
    if not NODE:
        pytest.skip("Node is not installed")
    processes = []

    def start(*scripts, port=0):
        page, files = write_server_page(tmp_path), write_scripts(tmp_path, *scripts)
        process = subprocess.Popen(
            [NODE, HERE / "scripted_server.js", page, *files],
            stdout=subprocess.PIPE,
            env={"PORT": str(port)},
            encoding="utf-8",
        )
        processes.append(process)
        return f"http://127.0.0.1:{int(process.stdout.readline())}/", process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ready(page):
    """The page, once its engine is ready and offers beginnings."""
    page.locator("#write:enabled").wait_for()
    return page
