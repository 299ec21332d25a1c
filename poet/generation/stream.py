"""Text while it is generated: each character as soon as it is complete."""

from collections.abc import Iterator, Sequence

import torch

from poet.generation.characters import CharacterGuard, counted_stream
from poet.generation.ending import Ending, end_at, end_with_line
from poet.generation.rows import LEAST_ROWS
from poet.generation.sampling import Guard, generate
from poet.model.saving import TrainedModel
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import encode, token_bytes

# How many tokens more than asked for a text may have, so that it ends with its line and not in the middle of a word.
LAST_LINE = 40


def stream_texts(
    trained: TrainedModel,
    prompt: str,
    sampling: Sequence[SamplingParams],
    max_new_tokens: int,
    guard: Guard | None = None,
    ending: Ending | None = None,
) -> Iterator[Iterator[str]]:
    """Continue `prompt` once for each of `sampling`: yields, in this order, the pieces of each text.

    A text ends where `ending` says, by default with the line in which its `max_new_tokens` are used up.

    All texts are generated side by side, which is much faster than one after the other. The first appears while it is
    generated; of the others, most is there by then. Read each text to its end before the next.

    One text alone is that which the same seed gives among others and on a server, to the last bit: rows are filled up
    to LEAST_ROWS, which takes a single text 1.4 times as long (docs/log.md).
    """
    prompt_ids = encode(trained.tokenizer, prompt)  # (T,)
    characters = CharacterGuard(token_bytes(trained.tokenizer), guard)
    most = max_new_tokens + (0 if ending else LAST_LINE)
    filled = [*sampling, *[sampling[-1]] * (LEAST_ROWS - len(sampling))]
    steps = generate(trained.model, prompt_ids, filled, most, torch.float32, characters)
    # The ids of each text so far. The text that is being read drives the generation of all.
    generated: list[list[int]] = [[] for _ in sampling]

    def ids_of(number: int) -> Iterator[int]:
        for position in range(most):
            if position == len(generated[number]):
                for ids, token in zip(generated, next(steps).tolist()[: len(sampling)], strict=True):
                    ids.append(token)
            yield generated[number][position]

    for number in range(len(sampling)):
        pieces = counted_stream(trained.tokenizer, ids_of(number))
        if ending is None:
            yield end_with_line(pieces, max_new_tokens)
        else:
            yield end_at(ending, prompt, (piece for _, piece in pieces))
