"""The sample stage: a grid of prompts, temperatures and seeds."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from poet.files import write_json_lines
from poet.generation.sampling import Guard, generate
from poet.model.saving import TrainedModel, load_model
from poet.params.sampling import SamplingParams
from poet.params.sections import SampleSettings
from poet.progress import progress_bar
from poet.tokenizers.tokenizer import decode, encode, token_bytes


def sample(
    model: Path,
    settings: SampleSettings,
    prompts: list[str],
    make_guard: Callable[[list[bytes]], Guard] | None = None,
    *,
    out: Path,
) -> str:
    """Write every prompt at every temperature to the file `out`, one JSON a line; returns the model's sha256.

    `make_guard` gives a guard for what the tokens stand for. Computed on the CPU in float32, so that every machine
    writes the same samples from the same model, up to rounding.
    """
    poet = load_model(model, torch.device("cpu"))
    guard = make_guard(token_bytes(poet.tokenizer)) if make_guard else None
    rows: list[dict[str, Any]] = []
    with progress_bar("sample", len(prompts) * settings.tokens) as advance:
        for prompt in prompts:
            for draw, text, count in _continue(poet, prompt, settings, settings.seed + len(rows), guard, advance):
                rows.append({
                    "sample": len(rows),
                    "prompt": prompt,
                    "text": text,
                    "temperature": draw.temperature,
                    "top_k": draw.top_k,
                    "top_p": draw.top_p,
                    "min_p": draw.min_p,
                    "repetition_penalty": draw.repetition_penalty,
                    "max_copy": settings.max_copy,
                    "seed": draw.seed,
                    "tokens": count,
                })
    write_json_lines(out, rows)
    return poet.sha256


def _continue(
    poet: TrainedModel, prompt: str, settings: SampleSettings, first_seed: int, guard: Guard | None, advance: Any
) -> list[tuple[SamplingParams, str, int]]:
    """All samples of one prompt, generated side by side."""
    grid = itertools.product(settings.temperatures, range(settings.samples))
    draws = [
        SamplingParams(
            temperature=temperature,
            seed=first_seed + i,
            top_k=settings.top_k,
            top_p=settings.top_p,
            min_p=settings.min_p,
            repetition_penalty=settings.repetition_penalty,
        )
        for i, (temperature, _) in enumerate(grid)
    ]
    columns = []
    start = encode(poet.tokenizer, prompt).tolist()
    for ids in generate(poet.model, start, draws, settings.tokens, torch.float32, guard):
        columns.append(ids)
        advance()
    generated = np.stack(columns, axis=1)  # (draws, tokens)
    return [(draw, decode(poet.tokenizer, row), len(row)) for draw, row in zip(draws, generated, strict=True)]
