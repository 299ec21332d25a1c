"""Text as it is generated: whole characters only, as soon as they are known."""

from collections.abc import Iterator, Sequence

import torch

from poet.generation.sampling import Guard, generate
from poet.model.saving import TrainedModel
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import decode, encode

# What decoding gives for bytes that are no character, or not one yet.
UNFINISHED = "\N{REPLACEMENT CHARACTER}"


def stream(
    poet: TrainedModel, prompt: str, draws: Sequence[SamplingParams], tokens: int, guard: Guard | None = None
) -> Iterator[Iterator[str]]:
    """For each of `draws` the pieces of its text, in this order.

    All are generated side by side: the first is passed on while it grows, the others wait for it.
    """
    start = encode(poet.tokenizer, prompt).tolist()
    columns: list[list[int]] = [[] for _ in draws]

    def first() -> Iterator[int]:
        for ids in generate(poet.model, start, draws, tokens, torch.float32, guard):
            for column, i in zip(columns, ids.tolist(), strict=True):
                column.append(i)
            yield columns[0][-1]

    yield text_pieces(poet, first())
    for column in columns[1:]:
        yield iter([decode(poet.tokenizer, column)])


def text_pieces(poet: TrainedModel, ids: Iterator[int]) -> Iterator[str]:
    """The text of `ids` in pieces that together are what decoding all of them gives; a character whose bytes are not
    all there yet is held back.
    """
    pending: list[int] = []
    for i in ids:
        pending.append(i)
        text = decode(poet.tokenizer, pending)
        if not text.endswith(UNFINISHED):
            yield text
            pending.clear()
    if pending:
        yield decode(poet.tokenizer, pending)
