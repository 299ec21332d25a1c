"""params.yaml of a new project: that of the repository, comments and all, with the books that were chosen."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from poet.errors import ConfigError
from poet.params.file import with_first_items, with_value
from poet.projects.template import template, template_path


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

    ConfigError if the params.yaml that it is made from is not a recipe: in a clone, people edit it.
    """
    text = template("params.yaml")
    try:
        if shelf:
            text = with_value(text, ("build",), f"\n  - {_quoted(shelf.name)}")
            text = with_value(text, ("collections",), "\n" + "\n".join(_collection(shelf)))
            # The shipped one is a play.
            text = with_value(text, ("split", "held_out_books"), " []")
        return with_first_items(text, ("download", "mirrors"), [_quoted(mirror) for mirror in mirrors])
    except ConfigError as error:
        raise ConfigError(
            f"{template_path('params.yaml')}, from which new recipes are made, {error.message}; `poet check` in its "
            "folder says what is wrong with it"
        ) from None


def _collection(shelf: Shelf) -> list[str]:
    sources = [f"kind: gutenberg\n        ids: {list(shelf.books)}"] if shelf.books else []
    sources += [f"kind: folder\n        path: {_quoted(path)}" for path in shelf.folders]
    sources += [f"kind: calibre\n        path: {_quoted(path)}" for path in shelf.calibre]
    head = [f"  {_quoted(shelf.name)}:", f"    title: {_quoted(shelf.title)}", "    sources:"]
    return head + [f"      - {source}" for source in sources]


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
