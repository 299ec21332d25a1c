"""params.yaml itself: read into settings, and changed with its comments kept.

Everything wrong with the file is reported at once, by the key a user would edit.
"""

import difflib
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pydantic
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from poet.errors import ConfigError
from poet.files import read_text, write_text
from poet.params.consistency import contradictions
from poet.params.model import fill_in_preset
from poet.params.sections import Params
from poet.params.yaml_reader import read_yaml
from poet.tokenizers.kinds import KINDS

# pydantic's names for the error of an absent key.
MISSING = ("missing", "missing_argument")

# What is shown of problems: characters of a line, characters of a value, and lines.
MAX_LINE, MAX_VALUE, MAX_PROBLEMS = 400, 80, 50

_validator = pydantic.TypeAdapter(Params)


def load_params(path: Path) -> Params:
    """Read and check `path`; ConfigError lists every wrong key, type and value in it."""
    raw = read_yaml(path)
    try:
        # Strict mode refuses "3" for a number, as it should, but in Python mode it also refuses a mapping for a
        # dataclass. From JSON it takes the mapping.
        params = _validator.validate_json(json.dumps(_with_presets(raw), default=str))
    except pydantic.ValidationError as error:
        found = error.errors()
        missing = [problem["loc"] for problem in found if problem["type"] in MISSING]
        raise _config_error(path, [_describe(problem, missing) for problem in found] + _unknown_names(raw)) from None
    # Only valid settings can be compared with each other, and only names that exist be looked up.
    if problems := _unknown_names(raw) or contradictions(params):
        raise _config_error(path, problems)
    return params


def _with_presets(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw` with the blanks of every model section filled in; what is no mapping is left to the validator."""

    def filled(section: Any) -> Any:
        return fill_in_preset(section) if isinstance(section, dict) else section

    if "model" in raw:
        raw = raw | {"model": filled(raw["model"])}
    benchmark = raw.get("benchmark")
    if isinstance(benchmark, dict) and isinstance(benchmark.get("cases"), list):
        cases = [
            case | {"model": filled(case["model"])} if isinstance(case, dict) and "model" in case else case
            for case in benchmark["cases"]
        ]
        raw = raw | {"benchmark": benchmark | {"cases": cases}}
    return raw


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
        f"build: unknown collection {_cut(repr(name), MAX_VALUE)}{_suggestion(str(name), collections)}; known are "
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
            f"{key}: unknown key{_suggestion(where[-1], [other[-1] for other in missing if other[:-1] == where[:-1]])}"
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


def _suggestion(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, [str(name) for name in known], n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def add_collection(path: Path, name: str, title: str, ids: Sequence[int]) -> list[int]:
    """Add Gutenberg books to the collection `name` of the file `path`, making it if there is none; returns the new ids.

    The file is written only if it was right before and still is.
    """
    params = load_params(path)
    if name not in params.collections:
        _write(path, _with_new_collection(read_text(path), name, title, ids))
        return list(dict.fromkeys(ids))
    yaml, content = _load(path)
    sources = content["collections"][name]["sources"]
    shelves = [source for source in sources if source["kind"] == "gutenberg"]
    known = {number for shelf in shelves for number in shelf["ids"]}
    new = [number for number in dict.fromkeys(ids) if number not in known]
    if new and not shelves:
        shelves.append(_gutenberg([]))
        sources.append(shelves[0])
    for number in new:
        shelves[0]["ids"].append(number)
    _write(path, _dump(yaml, content))
    return new


def remove_collection(path: Path, name: str) -> None:
    """Take the collection `name` out of the file `path`; ConfigError when it is unknown or is being built."""
    params = load_params(path)
    params.collection(name)
    if name in params.build:
        raise ConfigError(f"{path} builds {name!r}; take it out of `build` first")
    lines = read_text(path).splitlines(keepends=True)
    start, end = _block(path, name)
    _write(path, "".join(lines[:start] + lines[end:]))


def _with_new_collection(text: str, name: str, title: str, ids: Sequence[int]) -> str:
    """`text` with a collection after its last one. Whole lines are inserted, so that every comment stays in place."""
    yaml, content = _load(text)
    last = list(content["collections"])[-1]
    added = _dump(yaml, {"collections": CommentedMap({name: CommentedMap(title=title, sources=[_gutenberg(ids)])})})
    lines = text.splitlines(keepends=True)
    _, end = _block(text, last)
    return "".join(lines[:end]) + added.partition("\n")[2] + "".join(lines[end:])


def _block(source: Path | str, name: str) -> tuple[int, int]:
    """The first line of the collection `name`, and the line after its last one. Comments after the last key belong to
    what follows.
    """
    text = read_text(source) if isinstance(source, Path) else source
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


def _load(source: Path | str) -> tuple[YAML, Any]:
    # The settings that leave a file as it is: quotes, long lines, the indentation of params.yaml, `null` spelled out.
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), _null)
    return yaml, yaml.load(source)


def _null(representer: Any, value: None) -> Any:
    """Write None as `null`; ruamel would write nothing."""
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _dump(yaml: YAML, content: Any) -> str:
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


def _write(path: Path, text: str) -> None:
    """Write `text` to `path` if it is a valid params.yaml; ConfigError, and no change, when it is not."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        write_text(draft, text)
        load_params(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
