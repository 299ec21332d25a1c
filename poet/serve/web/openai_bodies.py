"""What a request to /v1/completions may hold, and what its answer holds: OpenAI's names and defaults, and four of ours.

https://platform.openai.com/docs/api-reference/completions
"""

import secrets
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from poet.params.model import Share
from poet.params.sampling import RepetitionPenalty, TopK, TopP
from poet.serve.request import Writing
from poet.serve.web.bodies import Body, DescribedTemperature, JsonSeed, MaxCopy, Prompt, TokenCount

# OpenAI's limits of `stop` and `logprobs`, and its default of `max_tokens`.
MOST_STOPS, MOST_LOGPROBS, DEFAULT_TOKENS = 4, 5, 16

# Prompts of a request, and texts of each: at most 16 texts in all.
MOST_PROMPTS, MOST_TEXTS = 4, 4

StopWord = Annotated[str, Field(min_length=1, max_length=200)]
Zero = Annotated[float, Field(ge=0, le=0)]


class StreamOptions(Body):
    """`include_usage` adds a last chunk that counts the tokens."""

    include_usage: bool | None = None


class CompletionRequest(Body):
    """A request for completions.

    `top_k`, `min_p`, `repetition_penalty` and `max_copy` are not OpenAI's: the `openai` package sends them as
    `extra_body`. What this server cannot do has to have the value that changes nothing. `logprobs` are those of the
    written tokens, also with `echo`.
    """

    model: Annotated[str, Field(max_length=200)]
    prompt: Prompt | Annotated[list[Prompt], Field(min_length=1, max_length=MOST_PROMPTS)]
    max_tokens: TokenCount | None = None
    temperature: DescribedTemperature | None = None
    top_p: TopP | None = None
    n: Annotated[int, Field(ge=1, le=MOST_TEXTS)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: StopWord | Annotated[list[StopWord], Field(max_length=MOST_STOPS)] | None = None
    seed: JsonSeed | None = None
    logprobs: Annotated[int, Field(ge=0, le=MOST_LOGPROBS)] | None = None
    echo: bool | None = None
    user: Annotated[str, Field(max_length=1000)] | None = None

    top_k: TopK = 0
    min_p: Share = 0.0
    repetition_penalty: RepetitionPenalty = 1.0
    max_copy: MaxCopy = 0

    best_of: Annotated[int, Field(ge=1, le=1)] | None = None
    suffix: Literal[""] | None = None
    frequency_penalty: Zero | None = None
    presence_penalty: Zero | None = None
    logit_bias: Annotated[dict[str, float], Field(max_length=0)] | None = None

    @property
    def prompts(self) -> list[str]:
        """All prompts."""
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt

    @property
    def stops(self) -> list[str]:
        """The words before which a text ends."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    def writings(self) -> list[Writing]:
        """How the `n` texts of a prompt are written: the same but for the seed. Without a seed, chance gives one."""
        first = secrets.randbelow(2**31) if self.seed is None else self.seed
        return [
            Writing(
                max_new_tokens=self.max_tokens or DEFAULT_TOKENS,
                temperature=1.0 if self.temperature is None else self.temperature,
                top_p=1.0 if self.top_p is None else self.top_p,
                top_k=self.top_k,
                min_p=self.min_p,
                repetition_penalty=self.repetition_penalty,
                max_copy=self.max_copy,
                seed=first + number,
            )
            for number in range(self.n or 1)
        ]


class Logprobs(BaseModel):
    """The tokens of a text with the logarithms of their probabilities, and where each begins."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class Choice(BaseModel):
    """One text, or a piece of it where the answer streams."""

    index: int
    text: str
    logprobs: Logprobs | None
    finish_reason: Literal["stop", "length"] | None


class Usage(BaseModel):
    """How many tokens were read and written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """An answer with all texts, or a chunk of one that streams."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage | None = None


class Model(BaseModel):
    """A model that the server offers."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "torch-transformer-poet"


class ModelList(BaseModel):
    """All models that the server offers."""

    object: Literal["list"] = "list"
    data: list[Model]


def as_json(value: BaseModel) -> dict[str, Any]:
    """`value` as JSON."""
    return value.model_dump(mode="json")
