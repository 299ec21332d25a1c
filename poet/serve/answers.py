"""A served model: it continues prompts, and names the books in which each passage of a continuation stands.

It writes as `poet generate` does and traces as `poet attribute` does. Only the model and the index are needed: the
index knows the text of the books.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.attribution.guard import CopyGuard
from poet.attribution.index import Index, open_index
from poet.attribution.spans import attribute_text
from poet.device.device import pick_device
from poet.errors import PoetError
from poet.generation.stream import stream_texts
from poet.model.saving import TrainedModel, load_model
from poet.results.attribution import to_json
from poet.serve.request import Writing
from poet.tokenizers.tokenizer import token_bytes

# What an answer says of spans where the model has no index.
NO_INDEX = "This model was registered without an index of its books, so no passage is looked up in them."

# The copying limits whose guards are kept. A guard takes a tenth of a second to make, and people use few limits.
GUARDS = 8

# The figures of a span that tell running text from names and headings. They need the books themselves.
OF_BOOKS = ("running_words", "running_surprise")


@dataclass(frozen=True, kw_only=True)
class Poet:
    """A model that is ready to answer; `index` is None where passages cannot be looked up.

    `min_length` is the least length of a passage, in characters. `guard` makes the guard for a limit of copying.
    """

    trained: TrainedModel
    index: Index | None
    min_length: int
    guard: Callable[[int], CopyGuard | None]


def open_poet(model: Path, index: Path | None, min_length: int) -> Poet:
    """The poet of the model's folder `model` and the index folder `index`.

    ModelError or DataError where one of them is damaged. The CPU computes, so that the same request has the same answer
    on every machine, up to rounding.
    """
    trained = load_model(model, pick_device("cpu"))
    opened = open_index(index) if index else None
    tokens = token_bytes(trained.tokenizer)

    @functools.lru_cache(GUARDS)
    def guard(max_copy: int) -> CopyGuard | None:
        return CopyGuard(opened, tokens, max_copy) if opened and max_copy else None

    return Poet(trained=trained, index=opened, min_length=min_length, guard=guard)


def answer(poet: Poet, prompts: Sequence[str], writing: Writing) -> list[dict[str, Any]]:
    """For each prompt its continuation, `text`, and the passages of it that are in the books, as in attribution.jsonl:
    `spans` verbatim and `near` nearly so. `note` is empty, or says why there can be none.

    Each prompt is continued with the same seed, so its text does not depend on the other prompts. PoetError when
    copying is to be limited and there is no index.
    """
    if writing.max_copy and poet.index is None:
        raise PoetError(f"max_copy should be 0, got {writing.max_copy}. {NO_INDEX}")
    return [_answer(poet, prompt, writing) for prompt in prompts]


def _answer(poet: Poet, prompt: str, writing: Writing) -> dict[str, Any]:
    (pieces,) = stream_texts(poet.trained, prompt, [writing], writing.max_new_tokens, poet.guard(writing.max_copy))
    text = "".join(pieces)
    if poet.index is None:
        return {"text": text, "spans": [], "near": [], "note": NO_INDEX}
    found = to_json(attribute_text(poet.index, 0, text, poet.min_length))
    return {"text": text, "spans": _without(found["spans"]), "near": _without(found["near"]), "note": ""}


def _without(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in span.items() if key not in OF_BOOKS} for span in spans]
