"""Text while it is generated: each character as soon as it is complete."""

from collections.abc import Iterator, Sequence

import torch

from poet.generation.characters import CharacterGuard, complete_text, decode_stream
from poet.generation.sampling import Guard, generate
from poet.model.saving import TrainedModel
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import encode, token_bytes


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
    characters = CharacterGuard(token_bytes(trained.tokenizer), guard)
    # The ids of each text so far.
    generated: list[list[int]] = [[] for _ in sampling]

    # The reader of the first text drives the generation of all: each id that it takes is one step of the batch.
    def ids_of_first() -> Iterator[int]:
        for step in generate(trained.model, prompt_ids, sampling, max_new_tokens, torch.float32, characters):
            for ids, token in zip(generated, step.tolist(), strict=True):
                ids.append(token)
            yield generated[0][-1]

    yield decode_stream(trained.tokenizer, ids_of_first())
    for ids in generated[1:]:
        yield iter([complete_text(trained.tokenizer, ids)])
