"""The sampling parameters with their ranges: one class for params.yaml, the command line and whatever generates.

A generated text depends on these values, on the model and on the prompt, and on nothing else.
"""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from poet.params.model import STRICT, Share

# 0 is greedy, 1 the model's own probabilities; above 10 every token is about equally probable.
Temperature = Annotated[float, Field(ge=0, le=10)]
Seed = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SamplingLimits:
    """Which tokens may be chosen at all; the defaults allow every token.

    A token may be chosen if it is among the `top_k` most probable (0: all), among the most probable that together have
    `top_p` of the probability (nucleus sampling, Holtzman et al. 2020; 1: all), and at least `min_p` times as probable
    as the most probable token (Nguyen et al. 2024; 0: all). `repetition_penalty` makes tokens that the context already
    contains less probable (Keskar et al. 2019; 1: no change).
    """

    top_k: Annotated[int, Field(ge=0)] = 0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    min_p: Share = 0.0
    repetition_penalty: Annotated[float, Field(ge=1)] = 1.0


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SamplingParams(SamplingLimits):
    """How one sequence is sampled. `temperature` 0 always takes the most probable token, whatever the seed."""

    temperature: Temperature
    seed: Seed
