"""poet.html: a model that writes in any browser, in one file with its books, which requests nothing.

The page holds blocks of data and the program of a worker, both as text. page/engine.js describes the messages between
the two, page/model.js how the files of the program belong together. What a person sees is `poet.export.page_template`.
"""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path

from poet.books.split import SplitBook
from poet.export.books import PackedBooks, pack_books
from poet.export.page_template import json_block, render_poet_page
from poet.export.tokenizer import describe_tokenizer
from poet.export.weights import pack_weights
from poet.model.saving import TrainedModel
from poet.params.page import PageSettings

PAGE = Path(__file__).parent / "page"

# The program of the worker. The files share their names, and no file uses those of another before all are read.
PROGRAM = ("model.js", "tokenizer.js", "sampling.js", "tracing.js", "writing.js", "engine.js")


def poet_page(title: str, blocks: Mapping[str, str]) -> str:
    """The HTML of the page called `title` with the `blocks` of `page_blocks`; the same blocks give the same page."""
    return render_poet_page("worker", title, worker=worker_program(), blocks=blocks).html


def page_blocks(
    trained: TrainedModel,
    books: Iterable[SplitBook],
    settings: PageSettings,
    *,
    collection: str,
    title: str,
    min_length: int | None,
    bits_per_character: float | None,
) -> dict[str, str]:
    """The blocks of data that page/engine.js opens, by their names: the model, its tokenizer and its books.

    `min_length` is the least length of a traced passage, None the one that suits the language of the books.
    `bits_per_character` is what the evaluation measured, None where nothing was measured. TooLargeError when no page
    holds the model.
    """
    weights = pack_weights(trained.model, settings.precision)
    packed = pack_books(books, settings.max_bytes)
    facts = {
        "title": title,
        "collection": collection,
        "model_sha256": trained.sha256,
        "precision": settings.precision,
        "parameters": sum(tensor.numel() for tensor in trained.model.state_dict().values()),
        "sequence_len": trained.model.config.sequence_len,
        "books": packed.facts,
        "language": packed.language,
        "can_trace": bool(packed.text),
        "min_length": min_length or packed.least_length,
        "note": _note(packed, settings.max_bytes),
        "bits_per_character": bits_per_character,
    }
    return {
        "facts": json_block(facts),
        "model": json_block(weights.description),
        "tokenizer": json_block(describe_tokenizer(trained.tokenizer)),
        "books": json_block(packed.places),
        "weights": base64.b64encode(weights.content).decode("ascii"),
        "text": packed.text,
    }


def worker_program() -> str:
    """The program of the worker, complete."""
    return "\n".join((PAGE / name).read_text(encoding="utf-8") for name in PROGRAM)


def _note(books: PackedBooks, max_bytes: int) -> str:
    """Why the page cannot trace; "" where it can."""
    if books.text:
        return ""
    if not max_bytes:
        return "The books are not in this page, so it cannot show which of its words stand in them."
    return (
        f"The books have {books.size / 1e6:,.1f} MB, too much for this page, so it cannot show which of its words "
        "stand in them."
    )
