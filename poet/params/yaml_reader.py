"""A YAML file as plain values, in bounded time and memory, whatever is in the file.

Three kinds of small files would keep a YAML reader busy for minutes, or fill the memory: aliases of aliases, each of
which doubles what the one before stands for; a value that contains itself; and thousands of lists in each other.
"""

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, ScalarEvent

from poet.errors import ConfigError

# The shipped params.yaml has 9 kB, and a shelf of 10,000 books adds 70.
MAX_BYTES = 1_000_000

# Lists and mappings in each other. params.yaml needs seven.
MAX_DEPTH = 32

# Values that the file may stand for once every alias is replaced by what it names.
MAX_VALUES = 200_000


def read_yaml(path: Path, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The mapping in `path`, of which JSON can be made; ConfigError says in one message why there is none."""
    text = _read(path, max_bytes)
    try:
        # The look ahead takes as long as the reading, so a file that can't be dangerous is read at once. Block style
        # needs no look: what is too deep in it ends early.
        if "&" in text or _bracket_depth(text) > MAX_DEPTH:
            _check_size(YAML(typ="safe").parse(text), path)
        raw = _plain(YAML(typ="safe").load(text))
    except RecursionError:
        raise _too_deep(path) from None
    # ValueError and its kin: a date of month 99, a number of 5,000 digits.
    except (YAMLError, ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} should hold keys and values, got {type(raw).__name__}")
    return raw


def _read(path: Path, max_bytes: int) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist; run from the folder of the project, or one below it, or pass --params"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    if len(content) > max_bytes:
        raise ConfigError(f"{path} is larger than {max_bytes:,} bytes; it can't be the recipe")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not valid YAML: it is not UTF-8 (byte {error.start})") from None


def _bracket_depth(text: str) -> int:
    """How many brackets of flow style are open at once; those in quotes are counted too, which does no harm.

    >>> _bracket_depth("a: [1, {b: [2]}, [3]]")
    3
    """
    depth = deepest = 0
    for letter in text:
        if letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth = max(0, depth - 1)
    return deepest


def _check_size(events: Iterable[Event], path: Path) -> None:
    """ConfigError if the file is too deep, or stands for too many values once its aliases are replaced."""
    sizes: dict[str, int] = {}  # anchor: how many values it stands for
    # The lists and mappings that are open: the anchor and the values so far. The first one is the file.
    still_open: list[tuple[str | None, int]] = [(None, 0)]
    for event in events:
        if isinstance(event, CollectionStartEvent):
            still_open.append((event.anchor, 1))
            if len(still_open) > MAX_DEPTH:
                raise _too_deep(path)
            continue
        if isinstance(event, AliasEvent):
            if event.anchor in {anchor for anchor, _ in still_open}:
                raise ConfigError(f"{path}: the value &{event.anchor} contains itself; write it without an alias")
            anchor, values = None, sizes.get(event.anchor, 1)
        elif isinstance(event, ScalarEvent):
            anchor, values = event.anchor, 1
        elif isinstance(event, CollectionEndEvent):
            anchor, values = still_open.pop()
        else:
            continue
        if anchor:
            sizes[anchor] = values
        outer, before = still_open.pop()
        if before + values > MAX_VALUES:
            raise ConfigError(
                f"{path} stands for more than {MAX_VALUES:,} values once its aliases (*name) are replaced; write them "
                "out, or use fewer"
            )
        still_open.append((outer, before + values))


def _too_deep(path: Path) -> ConfigError:
    return ConfigError(
        f"{path} has lists or mappings more than {MAX_DEPTH} deep in each other; params.yaml needs seven"
    )


def _plain(value: Any) -> Any:
    """`value` in types that JSON has: keys and whatever else YAML knows (dates, sets, bytes) become text."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, int) and value.bit_length() > 1000:
        raise ValueError("it holds a number of more than 300 digits")
    if isinstance(value, datetime.date | bytes | set | tuple):
        return str(value)
    return value
