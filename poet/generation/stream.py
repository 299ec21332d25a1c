"""Text while it is generated: as soon as a character is complete, and never half a character."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from tokenizers import Tokenizer

from poet.generation.sampling import Guard, generate
from poet.model.saving import TrainedModel
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import decode, encode

# What decoding puts in place of bytes that are no character, or not yet.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def stream_texts(
    trained: TrainedModel,
    prompt: str,
    sampling: Sequence[SamplingParams],
    max_new_tokens: int,
    guard: Guard | None = None,
) -> Iterator[Iterator[str]]:
    """Continue `prompt` once for each of `sampling`: yields, in this order, the pieces of each text.

    All texts are generated side by side, which is much faster than one after the other. The first appears while it is
    generated; the others are complete by then and come in one piece. Read each text to its end before the next.
    """
    prompt_ids = encode(trained.tokenizer, prompt)  # (T,)
    # The ids of each text so far.
    generated: list[list[int]] = [[] for _ in sampling]

    # The reader of the first text drives the generation of all: each id that it takes is one step of the batch.
    def ids_of_first() -> Iterator[int]:
        for step in generate(trained.model, prompt_ids, sampling, max_new_tokens, torch.float32, guard):
            for ids, token in zip(generated, step.tolist(), strict=True):
                ids.append(token)
            yield generated[0][-1]

    yield decode_stream(trained.tokenizer, ids_of_first())
    for ids in generated[1:]:
        yield iter([complete_text(trained.tokenizer, ids)])


def complete_text(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """The text of `ids` up to its last complete character."""
    return decode(tokenizer, ids).rstrip(REPLACEMENT)


def decode_stream(tokenizer: Tokenizer, ids: Iterable[int]) -> Iterator[str]:
    """The text of `ids` in pieces, which joined are their `complete_text`.

    A token may end within a character. Such a token waits until the next ones complete the character.
    """
    # Tokens whose bytes end within a character, at most a few: decoding them again costs next to nothing.
    pending: list[int] = []
    for token in ids:
        pending.append(token)
        text = decode(tokenizer, pending)
        if not text.endswith(REPLACEMENT):
            yield text
            pending.clear()
    # The text may end within a character, whose bytes mean nothing without the rest.
    if last := complete_text(tokenizer, pending):
        yield last
