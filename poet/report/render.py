"""Jinja2 templates to self-contained HTML: one file, styles and script inline, nothing fetched, everything escaped.

The page forbids itself all else by a content security policy, which names its own style and script by their hashes.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from poet.files import write_text

# HTML has no way to write NUL, UTF-8 none to write half a surrogate pair.
UNWRITABLE = {0: "\N{SYMBOL FOR NULL}"} | dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")

TEMPLATES = Path(__file__).parent / "templates"


def render_page(template: str, out: Path, **context: Any) -> None:
    """Render `template` with `context` to the file `out`; the same context gives the same bytes."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=exact,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": _share, "points": _points, "figure": _figure, "whole": _whole}
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    # Our own files, not data: the only strings that are not escaped.
    html = environment.get_template(template).render(
        style=Markup(style), script=Markup(script), policy=policy, **context
    )
    write_text(out, html)


def exact(value: Any) -> Any:
    """Text as a browser gives it back to the letter: a bare carriage return would become a line feed.

    >>> exact("a\\0b<\\r\\n"), exact(3)
    (Markup('a␀b&lt;&#13;\\n'), 3)
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return Markup(str(escape(value.translate(UNWRITABLE))).replace("\r", "&#13;"))


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")


def _share(value: float | None) -> str:
    """A share as per cent, which no line end tears apart: 0.0312 is `3.1 %`."""
    return "–" if value is None else f"{100 * value:.1f}\N{NO-BREAK SPACE}%"


def _points(value: float | None) -> str:
    """A difference of two shares, in percentage points: 0.0312 is `+3.1`."""
    return "–" if value is None else f"{100 * value:+.1f}"


def _figure(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
