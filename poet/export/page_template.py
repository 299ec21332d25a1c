"""The smallest page around the engine, until the one that people see takes its place (the same function and block)."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jinja2
from markupsafe import Markup

from poet.errors import PoetError
from poet.report.render import escape_exactly

PAGE = Path(__file__).parent / "page"

# In any other place the text of a script may hold these; in the page they would end the element, or hide its end.
UNSAFE = ("</script", "<!--")

SCRIPT = """
const blocks = {};
for (const block of document.querySelectorAll("script[data-block]")) blocks[block.dataset.block] = block.textContent;
const program = new Blob([document.getElementById("worker-program").textContent], { type: "text/javascript" });
const worker = new Worker(URL.createObjectURL(program));
worker.postMessage({ type: "open", blocks });
"""


@dataclass(frozen=True, kw_only=True)
class PoetPage:
    """The page, and its content security policy, which a server may send as a header as well."""

    html: str
    policy: str


def render_poet_page(
    engine: Literal["worker", "server"], title: str = "", *, worker: str = "", blocks: Mapping[str, str] | None = None
) -> PoetPage:
    """The page with the engine `engine`; the same arguments give the same page."""
    for name, content in {"the worker's program": worker, **(blocks or {})}.items():
        for sign in UNSAFE:
            if sign in content.lower():
                raise PoetError(f"{name} holds {sign!r}, which would end its place in the page. Escape it first.")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=escape_exactly,
    )
    allowed = "sha256-" + base64.b64encode(hashlib.sha256(SCRIPT.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; script-src '{allowed}'; worker-src blob:; base-uri 'none'; form-action 'none'"
    page = environment.get_template("poet.html").render(
        engine=engine,
        title=title,
        script=Markup(SCRIPT),
        policy=policy,
        worker=Markup(worker),
        blocks={name: Markup(content) for name, content in (blocks or {}).items()},
    )
    return PoetPage(html=page, policy=policy)


def json_block(data: Any) -> str:
    r"""JSON that may be a block of the page: without "<", so that nothing in it ends a script.

    >>> json_block({"title": "</script>"})
    '{"title": "\\u003c/script>"}'
    """
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
