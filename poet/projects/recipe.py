"""params.yaml of a new project: that of the repository, comments and all, with the books that were chosen."""

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode

from poet.errors import ConfigError
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
    if shelf:
        text = _with_value(text, ("build",), f"\n  - {_quoted(shelf.name)}")
        text = _with_value(text, ("collections",), "\n" + "\n".join(_collection(shelf)))
        # The shipped one is a play.
        text = _with_value(text, ("split", "held_out_books"), " []")
    return _with_mirrors(text, mirrors) if mirrors else text


def _collection(shelf: Shelf) -> list[str]:
    sources = [f"kind: gutenberg\n        ids: {list(shelf.books)}"] if shelf.books else []
    sources += [f"kind: folder\n        path: {_quoted(path)}" for path in shelf.folders]
    sources += [f"kind: calibre\n        path: {_quoted(path)}" for path in shelf.calibre]
    head = [f"  {_quoted(shelf.name)}:", f"    title: {_quoted(shelf.title)}", "    sources:"]
    return head + [f"      - {source}" for source in sources]


def _with_value(text: str, keys: Sequence[str], value: str) -> str:
    """`text` with `value` right behind the colon of the key at `keys`, in place of all that was there."""
    key, last = _find(text, keys)
    # The end of a block is where the next one begins, behind comments; that of its last word is exact.
    while not isinstance(last, ScalarNode) and not last.flow_style:
        last = last.value[-1][1] if isinstance(last, MappingNode) else last.value[-1]
    colon = text.index(":", key.end_mark.index)
    return text[: colon + 1] + value + text[last.end_mark.index :]


def _with_mirrors(text: str, mirrors: Sequence[str]) -> str:
    """`text` with `mirrors` before the first one that it has."""
    _, old = _find(text, ("download", "mirrors"))
    at, column = old.start_mark.index, old.start_mark.column
    if old.flow_style:  # it begins with a bracket
        return text[: at + 1] + "".join(f"{_quoted(mirror)}, " for mirror in mirrors) + text[at + 1 :]
    return text[:at] + "".join(f"- {_quoted(mirror)}\n{' ' * column}" for mirror in mirrors) + text[at:]


def _find(text: str, keys: Sequence[str]) -> tuple[Any, Any]:
    """The nodes of the key at `keys` and of its value. DVC and people write the same values in other ways."""
    try:
        value = YAML().compose(io.StringIO(text))
        for name in keys:
            key, value = next(pair for pair in value.value if pair[0].value == name)
    except (YAMLError, StopIteration, AttributeError, TypeError):
        raise ConfigError(
            f"{template_path('params.yaml')}, from which new recipes are made, has no {'.'.join(keys)}; "
            "`poet check` in its folder says what is wrong with it"
        ) from None
    return key, value


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
