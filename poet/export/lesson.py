"""The lesson: one HTML page that explains how a poet works, with figures that the poet itself computes in the browser.

The page has the blocks of poet.html and the same program. It runs without a worker: a figure reads one line, which
takes milliseconds. lesson_page/ holds what the lesson adds.
"""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from poet.export.html import worker_program
from poet.export.page_template import PAGE, check_blocks, environment
from poet.report.render import source_hash

LESSON = Path(__file__).parent / "lesson_page"

# What the lesson takes from the page that writes: how text gets into the document, and how tints are laid out.
SHARED = ("page_dom.js", "page_words.js", "page_tints.js")
SCRIPTS = ("lesson_reading.js", "lesson_suffixes.js", "lesson_figures.js", "lesson_books.js", "lesson.js")

# The line that stands in the field when the page opens.
FIRST_LINE = "To be, or not to be, that is the question"


def lesson_page(title: str, blocks: Mapping[str, str]) -> str:
    """The HTML of the lesson called `title` with the `blocks` of `page_blocks`; the same blocks give the same page."""
    check_blocks(blocks)
    style = _read(PAGE / "poet.css") + _read(LESSON / "lesson.css")
    parts = [_read(PAGE / name) for name in SHARED] + [_read(LESSON / name) for name in SCRIPTS]
    # One function around all files, as in poet.html: they share their names with each other and with nothing else.
    script = '"use strict";\n(() => {\n' + "".join([worker_program(), "\n", *parts]) + "})();\n"
    allowed = f"style-src '{source_hash(style)}'; script-src '{source_hash(script)}'; img-src data:"
    return (
        environment(LESSON)
        .get_template("lesson.html")
        .render(
            title=title,
            line=FIRST_LINE,
            policy=f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'",
            style=Markup(style),
            script=Markup(script),
            blocks={name: Markup(content) for name, content in blocks.items()},
        )
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
