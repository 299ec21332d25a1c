"""What may be asked of a served model: prompts, and how they are continued. Strangers ask, so all of it is checked."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pydantic
from pydantic import Field
from pydantic.dataclasses import dataclass

from poet.errors import PoetError
from poet.params.model import STRICT
from poet.params.sampling import SamplingParams, Seed, Temperature

# Somebody waits for the answer, and MLflow gives a request up after a minute. The most prompts of the most tokens take
# half a minute on two cores.
MOST_PROMPTS = 16
MOST_TOKENS = 1000

# The model reads the last few hundred tokens of a prompt; to encode much more only takes time.
MOST_CHARACTERS = 10_000

# The most characters of a wrong value that a message shows.
SHOWN = 60


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Writing(SamplingParams):
    """How each prompt of a request is continued; the defaults are those of `poet generate`.

    `max_copy` is the longest passage, in characters, that may be copied verbatim from the training text; 0: no limit.
    """

    max_new_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS)] = 300
    temperature: Temperature = 0.8
    seed: Seed = 1
    max_copy: Annotated[int, Field(ge=0, le=1000)] = 0


# The parameters that a request may have, in the order in which MLflow shows them.
PARAMETERS = ("max_new_tokens", "temperature", "top_k", "top_p", "seed", "max_copy")


def read_writing(parameters: Mapping[str, Any]) -> Writing:
    """The parameters of a request; those that are left out have their defaults. PoetError names the first wrong one.

    >>> read_writing({"top_k": 5}).max_new_tokens
    300
    """
    for name in parameters:
        if name not in PARAMETERS:
            raise PoetError(f"{_shown(name)} is no parameter; there are {', '.join(PARAMETERS)}.")
    try:
        return Writing(**parameters)
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
        message = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
        raise PoetError(f"{problem['loc'][0]} {message}, got {_shown(problem['input'])}.") from None


def read_prompts(prompts: Sequence[Any]) -> list[str]:
    """The prompts of a request; PoetError names the first one that is no text, empty or too long."""
    if not 1 <= len(prompts) <= MOST_PROMPTS:
        raise PoetError(f"a request has 1 to {MOST_PROMPTS} prompts, got {len(prompts)}.")
    for number, prompt in enumerate(prompts, start=1):
        if not isinstance(prompt, str):
            raise PoetError(f"prompt {number} should be a text, got {_shown(prompt)}.")
        if not 1 <= len(prompt) <= MOST_CHARACTERS:
            raise PoetError(f"prompt {number} should have 1 to {MOST_CHARACTERS:,} characters, got {len(prompt):,}.")
        try:
            prompt.encode("utf-8")
        except UnicodeEncodeError as error:
            # JSON can spell half of a surrogate pair, which is no character.
            raise PoetError(f"prompt {number} is no Unicode text (character {error.start}).") from None
    return list(prompts)


def _shown(value: object) -> str:
    """`value` as a message shows it: on one line, and not at length.

    >>> _shown("a" * 1000)[-5:]
    'a ...'
    """
    text = ascii(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."
