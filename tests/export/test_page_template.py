"""The page holds what it is given, runs nothing else, and reaches nowhere."""

import base64
import hashlib
import re

import pytest

from poet.errors import PoetError
from poet.export.page_template import PAGE, SCRIPTS, json_block, render_poet_page
from poet.report.render import TEMPLATES
from tests.report.shelf import HOSTILE

READ = {name: (PAGE / name).read_text(encoding="utf-8") for name in (*SCRIPTS, "poet.css", "poet.html")}


def of(page, tag, attribute=""):
    return re.search(rf"<{tag}{attribute}[^>]*>(.*?)</{tag}>", page, re.DOTALL).group(1)


@pytest.mark.parametrize("engine", ["worker", "server"])
def test_the_policy_allows_this_style_and_this_script(engine):
    page = render_poet_page(engine, "Title")
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(of(page.html, tag).encode("utf-8")).digest()).decode("ascii")
        assert f"{tag}-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none'; ")
    assert ("connect-src 'self'" in page.policy) == (engine == "server")
    assert ("worker-src blob:" in page.policy) == (engine == "worker")
    assert render_poet_page(engine, "Title") == page


def test_blocks_come_as_they_are_and_a_title_is_escaped():
    worker, block = 'if (1 < 2 && "a") {}\n', json_block({"title": HOSTILE, "half": "\ud800"})
    page = render_poet_page("worker", HOSTILE, worker=worker, blocks={"facts": block}).html
    assert of(page, "script", ' type="text/plain" id="worker-program"') == worker
    assert of(page, "script", ' type="text/plain" data-block="facts"') == block
    assert "<img src=x" not in page and page.count("</title>") == 1
    page.encode("utf-8")


@pytest.mark.parametrize("content", ["</script>", "</SCRIPT x", "a <!-- b"])
def test_a_block_that_would_end_early_is_refused(content):
    with pytest.raises(PoetError, match="would end its place"):
        render_poet_page("worker", blocks={"facts": content})
    with pytest.raises(PoetError, match="the worker's program"):
        render_poet_page("worker", worker=content)


def test_every_script_of_the_page_is_in_it():
    """The worker's files are not: engine.js and what it uses."""
    assert set(SCRIPTS) == {path.name for path in PAGE.glob("page*.js")}


@pytest.mark.parametrize("name", READ)
def test_no_markup_from_strings_no_outside_address_and_no_long_file(name):
    text = READ[name]
    for sign in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "new Function", "setHTML"):
        assert sign not in text
    assert set(re.findall(r"https?://[^\"'\s]*", text)) <= {"http://www.w3.org/2000/svg"}
    assert len(text.splitlines()) < 320 and not any(sign in text for sign in ("</script>\n//", "<!--"))


def test_the_colours_are_those_of_the_report():
    report = (TEMPLATES / "page.css").read_text(encoding="utf-8")

    def palettes(css):
        found = [
            dict(re.findall(r"(--\w+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
        ]
        return [{name: value for name, value in palette.items() if name != "--shade"} for palette in found]

    # Light, dark and printed.
    assert palettes(READ["poet.css"]) == palettes(report)


@pytest.mark.parametrize("path", ["page/poet.html", "page/page_around.js", "lesson_page/lesson.html"])
def test_no_page_says_that_its_model_read_these_books_alone(path):
    """A training may start from the weights of another model (`train.init_from`), and a page does not know it."""
    text = (PAGE.parent / path).read_text(encoding="utf-8")
    assert "nothing else" not in text and "books alone" not in text
