"""Kinds of values that params.yaml has: names, addresses, lines of text, and numbers with their bounds."""

import difflib
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from poet.addresses import hide_credentials
from poet.files import WINDOWS_DEVICES

# A collection's name is also its folder and its DVC stage suffix.
NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"

# Names that would meet another file in the same folder (reports/summaries, reports/index.html), and Windows' devices.
# models/none is no model's folder.
RESERVED_NAMES = frozenset({"summaries", "sweeps", "index", "benchmark", "benchmarks", "none"}) | WINDOWS_DEVICES

# What `train.init_from` says when a training starts from no model. DVC lets no stage depend on nothing, so git keeps
# this folder; it lies among the models.
NO_MODEL = "models/none"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The most similar name in `known`, as the end of a message about `word`; "" when none is similar."""
    close = difflib.get_close_matches(word, [str(name) for name in known], n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _is_free(name: str) -> str:
    if name in RESERVED_NAMES:
        raise ValueError("this name is reserved; choose another")
    return name


def _has_no_control(text: str) -> str:
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
        raise ValueError("holds a control character")
    return text


def _is_mirror(address: str) -> str:
    # DVC copies the section to dvc.lock, which git keeps: a password would be there for good.
    if hide_credentials(address) != address:
        raise ValueError(
            "holds a user or a password, which git and dvc.lock would keep; put them into ~/.netrc, as `machine "
            "mirror.example login USER password PASSWORD`"
        )
    scheme, separator, host = address.partition("://")
    if separator and (scheme.lower() not in ("http", "https", "file") or not host):
        raise ValueError("should be a folder or an address with http:// or https://")
    return address


CollectionName = Annotated[str, Field(pattern=NAME), AfterValidator(_is_free)]
Title = Annotated[str, Field(max_length=1000), AfterValidator(_has_no_control)]
# Something that is written in one line: a path, a name.
Line = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_has_no_control)]
Mirror = Annotated[Line, AfterValidator(_is_mirror)]
Prompt = Annotated[str, Field(min_length=1, max_length=100_000)]
Device = Annotated[str, Field(pattern=r"^(auto|(cuda|mps|cpu)(:[0-9]{1,3})?)$")]
Positive = Annotated[float, Field(gt=0, le=1e9)]
NotNegative = Annotated[float, Field(ge=0, le=1e9)]
# A number of bytes or characters.
Size = Annotated[int, Field(ge=1, le=1_000_000_000_000)]
