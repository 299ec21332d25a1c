"""params.yaml of a new project: that of the repository, comments and all, with the books that were chosen."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from poet.projects.template import template


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The collection that a new project begins with: Gutenberg `books`, `folders` and `calibre` libraries, or some."""

    name: str
    title: str
    books: Sequence[int] = ()
    folders: Sequence[str] = ()
    calibre: Sequence[str] = ()


def make_recipe(shelf: Shelf | None, mirrors: Sequence[str] = ()) -> str:
    """The text of params.yaml that builds `shelf`, or the shipped plays for None; books come from `mirrors` first.

    Every line that says nothing of these stays as it is. The names in `shelf` are not checked; `load_params` does that.
    """
    text = template("params.yaml")
    if shelf:
        text = _with_section(text, "build", [f"  - {_quoted(shelf.name)}"])
        text = _with_section(text, "collections", _collection(shelf))
        # The shipped one is a play.
        text = re.sub(r"held_out_books: \[.*\]", "held_out_books: []", text)
    added = "".join(f"    - {_quoted(mirror)}\n" for mirror in mirrors)
    return text.replace("  mirrors:\n", f"  mirrors:\n{added}")


def _collection(shelf: Shelf) -> list[str]:
    sources = [f"kind: gutenberg\n        ids: {list(shelf.books)}"] if shelf.books else []
    sources += [f"kind: folder\n        path: {_quoted(path)}" for path in shelf.folders]
    sources += [f"kind: calibre\n        path: {_quoted(path)}" for path in shelf.calibre]
    head = [f"  {_quoted(shelf.name)}:", f"    title: {_quoted(shelf.title)}", "    sources:"]
    return head + [f"      - {source}" for source in sources]


def _with_section(text: str, key: str, body: list[str]) -> str:
    """`text` with the lines `body` below the top-level `key`, in place of all that was there and a blank line."""
    lines = "\n".join([f"{key}:", *body, "", ""])
    return re.sub(rf"^{key}:\n(?:[ \t]+.*\n|\n)+", lambda match: lines, text, count=1, flags=re.MULTILINE)


def _quoted(text: str) -> str:
    """`text` as a value in YAML: a name as it is, anything else as JSON, all of whose texts YAML reads the same.

    >>> _quoted("my_shelf"), _quoted("Tom's: a life")
    ('my_shelf', '"Tom\\'s: a life"')
    """
    plain = re.fullmatch("[a-z][a-z0-9_-]*", text) and text not in ("true", "false", "null", "yes", "no", "on", "off")
    if plain:
        return text
    # YAML takes no character that cannot be printed, and has a longer escape for it than JSON.
    signs = (sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in json.dumps(text, ensure_ascii=False))
    return "".join(signs)
