"""The page on which a poet writes: one HTML file with its style and scripts inline, for two engines.

With the engine "worker" the page holds a model and computes by itself, in a worker of the browser. With the engine
"server" it asks the server that it came from. A person sees the same page; page/page_engine.js knows the difference.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jinja2
from markupsafe import Markup

from poet.errors import PoetError
from poet.report.render import escape_exactly, source_hash

PAGE = Path(__file__).parent / "page"

# What a person sees, in this order: a file may use at once only what an earlier file defines.
SCRIPTS = (
    *("page_dom.js", "page_engine.js", "page_words.js", "page_tints.js", "page_link.js"),
    *("page_text.js", "page_note.js", "page_tree.js", "page_pace.js", "page_card.js", "page_save.js", "page_piece.js"),
    *("page_controls.js", "page_writing.js", "page_around.js", "page.js"),
)

# In any other place the text of a script may hold these; in the page they would end the element, or hide its end.
UNSAFE = ("</script", "<!--")


@dataclass(frozen=True, kw_only=True)
class PoetPage:
    """The page, and its content security policy, which a server sends as a header as well."""

    html: str
    policy: str


def render_poet_page(
    engine: Literal["worker", "server"], title: str = "", *, worker: str = "", blocks: Mapping[str, str] | None = None
) -> PoetPage:
    """The page with the engine `engine`; the same arguments give the same page.

    `title` is shown until the engine tells the titles of its models. `worker` is the program of the worker, and
    `blocks` are the texts that the page hands to it at its start: {type: "open", blocks: {name: text}}. Neither may
    hold "</script" (`json_block` escapes it).
    """
    check_blocks({"the worker's program": worker, **(blocks or {})})
    style = (PAGE / "poet.css").read_text(encoding="utf-8")
    # One function around all files: they share their names with each other, and with nothing else in the page.
    script = '"use strict";\n(() => {\n' + "".join(_read(name) for name in SCRIPTS) + "})();\n"
    policy = _policy(engine, style, script)
    template = environment(PAGE).get_template("poet.html")
    page = template.render(
        engine=engine,
        title=title,
        style=Markup(style),
        script=Markup(script),
        policy=policy,
        worker=Markup(worker),
        blocks={name: Markup(content) for name, content in (blocks or {}).items()},
    )
    return PoetPage(html=page, policy=policy)


def refusing_page(title: str, reason: str) -> str:
    """The page of a collection whose model no page holds: it says the `reason`, and nothing in it runs."""
    style = (PAGE / "poet.css").read_text(encoding="utf-8")
    policy = f"default-src 'none'; style-src '{source_hash(style)}'; base-uri 'none'; form-action 'none'"
    template = environment(PAGE).get_template("refusing.html")
    return template.render(title=title, reason=reason, style=Markup(style), policy=policy)


def json_block(data: Any) -> str:
    r"""JSON that may be a block of the page: ASCII without "<", so that nothing in it ends a script.

    >>> json_block({"title": "</script>"})
    '{"title": "\\u003c/script>"}'
    """
    return json.dumps(data).replace("<", "\\u003c")


def environment(folder: Path) -> jinja2.Environment:
    """What renders the templates in `folder`: every value is escaped, and a name that is missing is our mistake."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=escape_exactly,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def check_blocks(blocks: Mapping[str, str]) -> None:
    """PoetError if a page cannot hold one of the texts `blocks` as it is."""
    for name, content in blocks.items():
        lower = content.lower()
        for sign in UNSAFE:
            if sign in lower:
                raise PoetError(f"{name} holds {sign!r}, which would end its place in the page. Escape it first.")


def _read(name: str) -> str:
    """A script of the page."""
    return (PAGE / name).read_text(encoding="utf-8")


def _policy(engine: str, style: str, script: str) -> str:
    """What the page may do: run its own style and script, and reach its engine. Nothing else."""
    reach = "worker-src blob:" if engine == "worker" else "connect-src 'self'"
    allowed = f"style-src '{source_hash(style)}'; script-src '{source_hash(script)}'; {reach}; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
