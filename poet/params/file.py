"""params.yaml itself: read into settings, and changed with its comments kept.

Everything wrong with the file is reported at once, by the key a user would edit.
"""

import contextlib
import io
import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
from filelock import FileLock, Timeout
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode

from poet.errors import ConfigError
from poet.files import read_text, replacing
from poet.params.consistency import contradictions
from poet.params.model import fill_in_preset
from poet.params.sections import Params
from poet.params.values import did_you_mean
from poet.params.yaml_reader import read_yaml
from poet.project import state_folder
from poet.tokenizers.kinds import KINDS

# pydantic's names for the error of an absent key.
MISSING = ("missing", "missing_argument")

# The file in the state folder that a command locks while it changes params.yaml, and the seconds that another waits.
LOCK, LOCK_SECONDS = "params.lock", 60
# What is shown of problems: characters of a line, characters of a value, and lines.
MAX_LINE, MAX_VALUE, MAX_PROBLEMS = 400, 80, 50

_validator = pydantic.TypeAdapter(Params)


def load_params(path: Path) -> Params:
    """Read and check `path`; ConfigError lists every wrong key, type and value in it."""
    raw = read_yaml(path)
    try:
        # Strict mode refuses "3" for a number, as it should, but in Python mode it also refuses a mapping for a
        # dataclass. From JSON it takes the mapping.
        params = _validator.validate_json(json.dumps(_with_preset(raw), default=str))
    except pydantic.ValidationError as error:
        found = error.errors()
        missing = [problem["loc"] for problem in found if problem["type"] in MISSING]
        raise _config_error(path, [_describe(problem, missing) for problem in found] + _unknown_names(raw)) from None
    # Only valid settings can be compared with each other, and only names that exist be looked up.
    if problems := _unknown_names(raw) or contradictions(params):
        raise _config_error(path, problems)
    return params


def _with_preset(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw` with the blanks of the model section filled in; what is no mapping is left to the validator."""
    section = raw.get("model")
    return raw | {"model": fill_in_preset(section)} if isinstance(section, dict) else raw


def _config_error(path: Path, problems: list[str]) -> ConfigError:
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    # A key or value may be of any length, and a list have any number of wrong values.
    lines = [f"  {_cut(problem, MAX_LINE)}" for problem in problems[:MAX_PROBLEMS]]
    lines += [f"  and {len(problems) - MAX_PROBLEMS} more"] if len(problems) > MAX_PROBLEMS else []
    return ConfigError(f"{path} has {count}:\n" + "\n".join(lines))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _unknown_names(raw: dict[str, Any]) -> list[str]:
    """Names that no table has, checked on the raw file so that they are reported together with all else."""
    return _unknown_builds(raw) + _unknown_tokenizer(raw)


def _unknown_tokenizer(raw: dict[str, Any]) -> list[str]:
    """The kind of tokenizer, if poet.tokenizers.kinds has none of that name. Another type is the validator's matter."""
    tokenize = raw.get("tokenize")
    kind = tokenize.get("kind") if isinstance(tokenize, dict) else None
    if not isinstance(kind, str) or kind in KINDS:
        return []
    *most, last = map(repr, KINDS)
    return [f"tokenize.kind: should be {', '.join(most)} or {last}, got {_cut(repr(kind), MAX_VALUE)}"]


def _unknown_builds(raw: dict[str, Any]) -> list[str]:
    """Names in `build` that no collection has."""
    build, collections = raw.get("build"), raw.get("collections")
    if not isinstance(build, list) or not isinstance(collections, dict):
        return []
    return [
        f"build: unknown collection {_cut(repr(name), MAX_VALUE)}{did_you_mean(str(name), collections)}; known are "
        f"{', '.join(map(str, collections))}"
        for name in build
        if str(name) not in collections
    ]


def _describe(problem: Any, missing: list[tuple[Any, ...]]) -> str:
    """One line for one pydantic problem: the key as written in params.yaml, what is wrong, and the value there."""
    where = problem["loc"]
    # pydantic puts the kind of a source between `sources.0` and its key, as in sources.0.folder.path. The kind is no
    # key of the file, so it is left out.
    key = ".".join(str(part) for i, part in enumerate(where) if i < 2 or where[i - 2] != "sources")
    if problem["type"] == "unexpected_keyword_argument":
        return (
            f"{key}: unknown key{did_you_mean(where[-1], [other[-1] for other in missing if other[:-1] == where[:-1]])}"
        )
    if problem["type"] in MISSING:
        return f"{key}: missing"
    message = (
        problem["msg"]
        .removeprefix("Value error, ")
        .replace("Input should", "should")
        .replace("array", "list")
        .replace("an object", "a mapping")
    )
    shown = isinstance(problem["input"], (str, int, float, bool, type(None)))
    return f"{key}: {message}, got {_cut(repr(problem['input']), MAX_VALUE)}" if shown else f"{key}: {message}"


def add_collection(path: Path, name: str, title: str, ids: Sequence[int]) -> list[int]:
    """Add Gutenberg books to the collection `name` of the file `path`, making it if there is none; returns the new ids.

    The file is written only if it was right before and still is.
    """
    with _edited(path) as edit:
        params, numbers = load_params(path), list(dict.fromkeys(ids))
        if name not in params.collections:
            edit.text = _with_new_collection(edit.text, name, title, numbers)
            return numbers
        _, content = _load(edit.text)
        sources = content["collections"][name]["sources"]
        shelves = [source for source in sources if source["kind"] == "gutenberg"]
        known = {number for shelf in shelves for number in shelf["ids"]}
        new = [number for number in numbers if number not in known]
        if new and shelves:
            keys = ("collections", name, "sources", sources.index(shelves[0]), "ids")
            edit.text = _with_items(edit.text, keys, [str(number) for number in new])
        elif new:
            added = f"{{kind: gutenberg, ids: {new}}}"
            edit.text = _with_items(edit.text, ("collections", name, "sources"), [added])
        return new


def remove_collection(path: Path, name: str) -> None:
    """Take the collection `name` out of the file `path`; ConfigError when it is unknown or is being built."""
    with _edited(path) as edit:
        params = load_params(path)
        params.collection(name)
        if name in params.build:
            raise ConfigError(f"{path} builds {name!r}; take it out of `build` first")
        lines = edit.text.splitlines(keepends=True)
        start, end = _block(edit.text, name)
        edit.text = "".join(lines[:start] + lines[end:])


def _with_new_collection(text: str, name: str, title: str, ids: Sequence[int]) -> str:
    """`text` with a collection after its last one. Whole lines are inserted, so that every comment stays in place."""
    yaml, content = _load(text)
    collections = content["collections"]
    last = list(collections)[-1]
    added = _dump(yaml, {name: CommentedMap(title=title, sources=[_gutenberg(ids)])})
    # As far to the right as the other collections.
    block = textwrap.indent(added, " " * collections.lc.key(last)[1]).splitlines()
    _, end = _block(text, last)
    return _with_lines(text, end, block)


def _block(text: str, name: str) -> tuple[int, int]:
    """The first line of the collection `name`, and the line after its last one. Comments after the last key belong to
    what follows.
    """
    _, content = _load(text)
    collections = content["collections"]
    start, indent = collections.lc.key(name)
    lines = text.splitlines()
    end = start + 1
    for i in range(start + 1, len(lines)):
        stripped = lines[i].lstrip()
        if stripped and not stripped.startswith("#"):
            if len(lines[i]) - len(stripped) <= indent:
                break
            end = i + 1
    return start, end


def _gutenberg(ids: Sequence[int]) -> CommentedMap:
    numbers = CommentedSeq(ids)
    numbers.fa.set_flow_style()
    return CommentedMap(kind="gutenberg", ids=numbers)


def _load(text: str) -> tuple[YAML, Any]:
    # The settings that leave a file as it is: quotes, long lines, the indentation of params.yaml, `null` spelled out.
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), _null)
    return yaml, yaml.load(text)


def _null(representer: Any, value: None) -> Any:
    """Write None as `null`; ruamel would write nothing."""
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _dump(yaml: YAML, content: Any) -> str:
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


@dataclass
class _Edit:
    """A change of params.yaml: its text before, which the `with` block replaces by the text after."""

    text: str


@contextlib.contextmanager
def _edited(path: Path) -> Iterator[_Edit]:
    """Change `path` while no other command does; ConfigError, and no change, when the result is not valid."""
    lock = state_folder(path.absolute().parent, LOCK)
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=LOCK_SECONDS):
            edit = _Edit(before := read_text(path) if path.is_file() else "")
            yield edit
            if edit.text != before:
                with replacing(path) as draft:
                    draft.write_bytes(edit.text.encode("utf-8"))
                    load_params(draft)
    except Timeout:
        raise ConfigError(
            f"another command has been changing {path} for {LOCK_SECONDS} seconds, so this one changed nothing; try "
            "again"
        ) from None


def _with_items(text: str, keys: Sequence[str | int], new: Sequence[str]) -> str:
    """`text` with `new` behind the last item of the list at `keys`; every other character stays as it is."""
    node = YAML().compose(io.StringIO(text))
    for key in keys:
        node = node.value[key] if isinstance(key, int) else next(v for k, v in node.value if k.value == key)
    last, lines = node.value[-1], text.splitlines(keepends=True)
    if node.flow_style:
        line, column = last.end_mark.line, last.end_mark.column
        lines[line] = "".join([lines[line][:column], *(f", {item}" for item in new), lines[line][column:]])
        return "".join(lines)
    dash = lines[last.start_mark.line].rindex("-", 0, last.start_mark.column)
    return _with_lines(text, _last_word(last).end_mark.line + 1, [f"{' ' * dash}- {item}" for item in new])


def with_value(text: str, keys: Sequence[str], value: str) -> str:
    """The text of a recipe with `value` right behind the colon of the key at `keys`, in place of all that was there.

    DVC and people write the same values in other ways. ConfigError, whose message is a predicate, if there is no such
    key.
    """
    key, old = _find(text, keys)
    colon = text.index(":", key.end_mark.index)
    return text[: colon + 1] + value + text[_last_word(old).end_mark.index :]


def with_first_items(text: str, keys: Sequence[str], new: Sequence[str]) -> str:
    """The text of a recipe with `new` before the first item of the list at `keys`; ConfigError as for `with_value`."""
    if not new:
        return text
    _, old = _find(text, keys)
    at = old.start_mark.index
    if old.flow_style:  # it begins with a bracket
        return text[: at + 1] + "".join(f"{item}, " for item in new) + text[at + 1 :]
    return text[:at] + "".join(f"- {item}\n{' ' * old.start_mark.column}" for item in new) + text[at:]


def _find(text: str, keys: Sequence[str]) -> tuple[Any, Any]:
    """The nodes of the key at `keys` and of its value."""
    try:
        value = YAML().compose(io.StringIO(text))
        for name in keys:
            key, value = next(pair for pair in value.value if pair[0].value == name)
    except (YAMLError, StopIteration, AttributeError, TypeError):
        raise ConfigError(f"has no {'.'.join(keys)}") from None
    return key, value


def _last_word(node: Any) -> Any:
    """The last scalar or list in brackets in `node`. The end of a block is where the next one begins, behind comments;
    that of its last word is exact.
    """
    while not isinstance(node, ScalarNode) and not node.flow_style:
        node = node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1]
    return node


def _with_lines(text: str, at: int, new: Sequence[str]) -> str:
    """`text` with the lines `new` before its line `at`; line ends, and a missing one at the end, stay as they are."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    before, after = "".join(lines[:at]), "".join(lines[at:])
    added = end.join(new)
    return before + added + end + after if before.endswith(end) else before + end + added + after
