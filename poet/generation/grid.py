"""All samples of one prompt: every temperature, several times, side by side in one batch."""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch

from poet.generation.characters import CharacterGuard, complete_text, token_ends
from poet.generation.ranks import Ranks
from poet.generation.sampling import Guard, generate
from poet.model.saving import TrainedModel
from poet.params.sampling import sampling_params
from poet.params.sections import SampleSettings
from poet.results.samples import Sample
from poet.tokenizers.tokenizer import encode, token_bytes


def sample_prompt(
    trained: TrainedModel,
    prompt: str,
    settings: SampleSettings,
    first: int,
    guard: Guard | None,
    advance: Callable[[], None],
) -> list[Sample]:
    """Continue `prompt` at each of the temperatures of `settings`, `settings.samples` times.

    The samples are numbered from `first`, in the order of the temperatures. A sample's seed is `settings.seed` plus its
    number, so that no two samples of a file share one. `advance` is called after every token.
    """
    # Every temperature as often as there are samples of it: [0.6, 0.6, 0.8, 0.8, ...].
    temperatures = [temperature for temperature in settings.temperatures for _ in range(settings.samples)]
    # One batch for all: a step reads every weight once, so 16 sequences take about twice as long as one (docs/log.md).
    sampling = [
        sampling_params(settings, temperature=temperature, seed=settings.seed + number)
        for number, temperature in enumerate(temperatures, start=first)
    ]
    steps = []
    # float32, whatever precision the training used: so every machine writes the same samples, up to rounding.
    prompt_ids = encode(trained.tokenizer, prompt)  # (T,)
    characters = CharacterGuard(token_bytes(trained.tokenizer), guard)
    ranks = Ranks()
    for ids in generate(trained.model, prompt_ids, sampling, settings.tokens, torch.float32, characters, ranks.note):
        steps.append(ids)
        advance()
    generated = np.stack(steps, axis=1)  # `tokens` arrays of (B,) -> (B, tokens)
    return [
        Sample(
            sample=first + row,
            prompt=prompt,
            text=complete_text(trained.tokenizer, ids),
            max_copy=settings.max_copy,
            tokens=len(ids),
            **dataclasses.asdict(params),
            ends=tuple(token_ends(trained.tokenizer, ids)),
            ranks=ranks.ranks(row),
            probabilities=ranks.probabilities(row),
        )
        for row, (params, ids) in enumerate(zip(sampling, generated, strict=True))
    ]
