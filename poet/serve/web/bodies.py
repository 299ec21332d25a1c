"""What a request to write may hold: pydantic checks it, and openapi.json describes it."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from poet.params.model import Share
from poet.params.sampling import LEAST_TEMPERATURE, RepetitionPenalty, Temperature, TopK, TopP
from poet.serve.request import MOST_CHARACTERS, MOST_TOKENS, Writing

# Strict: a number is no text, 1.5 is no whole number; an unknown name is refused, as it would have no effect.
STRICT_BODY = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Body(BaseModel):
    """A part of a body that is checked strictly, but for 3.0: in JSON, that is the whole number 3."""

    model_config = STRICT_BODY

    @model_validator(mode="before")
    @classmethod
    def _whole_numbers(cls, value: Any) -> Any:
        return {name: _whole(one) for name, one in value.items()} if isinstance(value, dict) else value


def _whole(value: Any) -> Any:
    """`value`, with whole numbers for those of type float in it.

    >>> _whole([[1.0, 2], "3.0", 1.5])
    [[1, 2], '3.0', 1.5]
    """
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


# The most tokens beside a chosen one that are shown with their probabilities.
MOST_ALTERNATIVES = 8

# No vocabulary has more tokens.
LARGEST_TOKEN = 2**31 - 1


# JSON Schema cannot say "0, or at least 0.001" by bounds alone.
DescribedTemperature = Annotated[
    Temperature,
    WithJsonSchema({"anyOf": [{"const": 0}, {"type": "number", "minimum": LEAST_TEMPERATURE, "maximum": 10}]}),
]
# Half of a surrogate pair, which JSON can spell, is no character: pydantic itself refuses it.
Prompt = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]
# JavaScript, and many who read JSON, round larger numbers: they would ask for another seed than they show.
JsonSeed = Annotated[int, Field(ge=0, le=2**53 - 1)]
TokenCount = Annotated[int, Field(ge=1, le=MOST_TOKENS)]
MaxCopy = Annotated[int, Field(ge=0, le=1000)]
Count = Annotated[int, Field(ge=0, le=MOST_ALTERNATIVES)]


def _are_pairs(pairs: list[list[int]]) -> list[list[int]]:
    for pair in pairs:
        if len(pair) != 2 or not (0 <= pair[0] < MOST_TOKENS and 0 <= pair[1] <= LARGEST_TOKEN):
            raise ValueError(f"should be pairs of an index, 0 to {MOST_TOKENS - 1}, and a token")
    return pairs


# A pair in JSON Schema: first the index, then the token.
PAIR = {
    "type": "array",
    "prefixItems": [
        {"type": "integer", "minimum": 0, "maximum": MOST_TOKENS - 1},
        {"type": "integer", "minimum": 0, "maximum": LARGEST_TOKEN},
    ],
    "items": False,
    "minItems": 2,
    "maxItems": 2,
}


class Settings(Body):
    """How a text is written; the defaults are those of `poet generate`."""

    temperature: DescribedTemperature = 0.8
    top_k: TopK = 0
    top_p: TopP = 1.0
    min_p: Share = 0.0
    repetition_penalty: RepetitionPenalty = 1.0
    seed: JsonSeed = 1
    max_copy: MaxCopy = 0
    tokens: TokenCount = 300

    def writing(self) -> Writing:
        """The same as the engine takes it."""
        values: dict[str, Any] = self.model_dump()
        return Writing(max_new_tokens=values.pop("tokens"), **values)


class WriteRequest(Body):
    """A text to be written after `prompt`.

    `forced` are pairs of an index of the continuation and the token to put there, in place of the one that would be
    chosen. `alternatives` is how many tokens are shown beside each one that is chosen.
    """

    prompt: Prompt
    settings: Settings = Field(default_factory=Settings)
    forced: Annotated[
        list[list[int]],
        Field(max_length=MOST_TOKENS),
        AfterValidator(_are_pairs),
        WithJsonSchema({"type": "array", "items": PAIR, "maxItems": MOST_TOKENS}),
    ] = Field(default_factory=list)
    alternatives: Count = MOST_ALTERNATIVES
    trace: bool = True
    model: Annotated[str, Field(max_length=200)] = ""
