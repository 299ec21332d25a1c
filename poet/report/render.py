"""Jinja2 templates to self-contained HTML: one file with its style and script inline, which requests nothing.

Every string of the data is escaped. A content security policy in the page forbids everything that the page does not
need; it names the style and the script by their hashes, so a browser runs no other.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from poet.report.languages import language_attributes
from poet.report.words import (
    day,
    excess_in_words,
    factor,
    figure,
    interval_in_words,
    points,
    rounded,
    share,
    significant,
    whole,
)

# Characters that no page can hold, and what is shown instead: HTML cannot express NUL, UTF-8 no half of a surrogate
# pair.
UNWRITABLE = {0: "\N{SYMBOL FOR NULL}"} | dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")

TEMPLATES = Path(__file__).parent / "templates"


def render_page(
    template: str, *, styles: Sequence[str] = ("page.css",), scripts: Sequence[str] = ("page.js",), **context: Any
) -> str:
    """The HTML of `template` with `context`; the same context gives the same text.

    `styles` and `scripts` are files beside the template, which the page holds one after the other.
    """
    style, script = _joined(styles), _joined(scripts)
    allowed = f"style-src '{source_hash(style)}'; script-src '{source_hash(script)}'; img-src data:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    # Style and script are our own files, not data. They are the only strings that are not escaped.
    return render_part(template, style=Markup(style), script=Markup(script), policy=policy, **context)


def render_part(template: str, **context: Any) -> str:
    """The HTML of `template` with `context`, as a part of a page that others make.

    Templates have filters for numbers (`share`, `points`, `range`, `excess`, `figure`, `significant`, `factor`,
    `whole`, `rounded`), for days (`day`), for context (`first_lines`, `last_lines`) and for languages.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        # A name that the context lacks is our mistake: it raises an error, where the default would show nothing.
        undefined=jinja2.StrictUndefined,
        # Applied to every value that a template shows.
        finalize=escape_exactly,
        # A line that holds only a tag leaves no blank line in the page.
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["language_attributes"] = language_attributes
    environment.filters |= {"share": share, "points": points, "range": interval_in_words, "excess": excess_in_words}
    environment.filters |= {"figure": figure, "whole": whole, "rounded": rounded, "day": day}
    environment.filters |= {"significant": significant, "factor": factor}
    environment.filters |= {"first_lines": _first_lines, "last_lines": _last_lines}
    return environment.get_template(template).render(**context)


def escape_exactly(value: Any) -> Any:
    """Escape a string such that a browser shows exactly that string; other values are returned unchanged.

    Ordinary escaping is not enough: a browser reads a bare carriage return as a line feed.

    >>> escape_exactly("a\\0b<\\r\\n"), escape_exactly(3)
    (Markup('a␀b&lt;&#13;\\n'), 3)
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return Markup(str(escape(value.translate(UNWRITABLE))).replace("\r", "&#13;"))


def _joined(names: Sequence[str]) -> str:
    """The contents of some templates, one after the other."""
    return "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)


def source_hash(content: str) -> str:
    """The source expression of a content security policy that allows exactly `content`."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")


# Lines of a book that are shown before and after a passage, besides the lines that it begins and ends in.
CONTEXT_LINES = 1


def _first_lines(text: str) -> str:
    r"""The beginning of the text after a passage: the rest of its line, and one more line.

    >>> _first_lines(" not to be:\nthat is\nthe question")
    ' not to be:\nthat is'
    """
    return "\n".join(text.split("\n")[: CONTEXT_LINES + 1])


def _last_lines(text: str) -> str:
    r"""The end of the text before a passage.

    >>> _last_lines("HAMLET\nTo be, or\nnot ")
    'To be, or\nnot '
    """
    return "\n".join(text.split("\n")[-CONTEXT_LINES - 1 :])
