"""The sampling parameters with their ranges: one class for params.yaml, the command line and whatever generates.

A generated text depends on these values, on the model and on the prompt, and on nothing else.
"""

import dataclasses
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from poet.params.model import STRICT, Share

# 0 is greedy, 1 the model's own probabilities; above 10 every token is about equally probable.
# Logits over a temperature of 1e-37 are infinite, and nothing can be chosen any more. From 0.001 down to that, the most
# probable token has all the probability, as with 0.
LEAST_TEMPERATURE = 0.001


def _is_zero_or_warm(temperature: float) -> float:
    if 0 < temperature < LEAST_TEMPERATURE:
        raise ValueError(f"should be 0, for the most probable token always, or at least {LEAST_TEMPERATURE}")
    return temperature


Temperature = Annotated[float, Field(ge=0, le=10), AfterValidator(_is_zero_or_warm)]

# The seeds of samples follow each other, and all of them fit into 64 bits, as torch and JSON need it.
LARGEST_SEED = 2**63 - 1
Seed = Annotated[int, Field(ge=0, le=2**62)]


TopK = Annotated[int, Field(ge=0, le=1_000_000)]
TopP = Annotated[float, Field(gt=0, le=1)]
RepetitionPenalty = Annotated[float, Field(ge=1, le=100)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SamplingLimits:
    """Which tokens may be chosen at all.

    A token may be chosen if it is among the `top_k` most probable (0: all), among the most probable that together have
    `top_p` of the probability (nucleus sampling, Holtzman et al. 2020; 1: all), and at least `min_p` times as probable
    as the most probable token (Nguyen et al. 2024; 0: all). `repetition_penalty` makes tokens that the context already
    contains less probable (Keskar et al. 2019; 1: no change).
    """

    top_k: TopK
    top_p: TopP
    min_p: Share
    repetition_penalty: RepetitionPenalty


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SamplingParams(SamplingLimits):
    """How one sequence is sampled. `temperature` 0 always takes the most probable token, whatever the seed.

    The default limits allow every token. params.yaml has no such defaults: it shows the whole recipe.
    """

    temperature: Temperature
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)]
    top_k: TopK = 0
    top_p: TopP = 1.0
    min_p: Share = 0.0
    repetition_penalty: RepetitionPenalty = 1.0


def sampling_params(limits: SamplingLimits, *, temperature: float, seed: int) -> SamplingParams:
    """The parameters of one sequence under `limits`."""
    values = {field.name: getattr(limits, field.name) for field in dataclasses.fields(SamplingLimits)}
    return SamplingParams(temperature=temperature, seed=seed, **values)
