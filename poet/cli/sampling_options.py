"""The options for sampling, made from `SamplingParams`: ranges and most defaults are written once, in that class."""

import functools
from collections.abc import Callable
from typing import Any

import click
import pydantic

from poet.params.sampling import SamplingParams

# The sampling parameters in the order of --help, which shows range and default by itself.
HELP = {
    "temperature": "Below 1 sharpens the probabilities, above 1 flattens them; 0 always takes the most probable token.",
    "top_k": "Choose among the K most probable tokens; 0: among all.",
    "top_p": "Choose among the most probable tokens that together reach the probability P; 1: among all.",
    "min_p": "Choose among the tokens that are at least P times as probable as the most probable one; 0: among all.",
    "repetition_penalty": "Above 1, tokens that the text already contains become less probable; 1: no penalty.",
    "seed": "Seed of the first sample; each further sample takes the next number.",
}

# Parameters that params.yaml must set have no default in the class. On the command line they have.
DEFAULTS = {"temperature": 0.8, "seed": 1}


def sampling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each sampling parameter; `command` gets them together as `sampling`, a SamplingParams."""

    @functools.wraps(command)
    def gathering(**arguments: Any) -> Any:
        try:
            sampling = SamplingParams(**{name: arguments.pop(name) for name in HELP})
        except pydantic.ValidationError as error:
            # What a range of click cannot say: NaN is in every range, and some temperatures between 0 and 10 are none.
            problem = error.errors()[0]
            option = f"--{str(problem['loc'][0]).replace('_', '-')}"
            message = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
            raise click.UsageError(f"{option}: {message}, got {problem['input']!r}") from None
        return command(**arguments, sampling=sampling)

    schemas = pydantic.TypeAdapter(SamplingParams).json_schema()["properties"]
    with_options: Callable[..., Any] = gathering
    # click lists the option that is added last first.
    for name in reversed(HELP):
        schema = schemas[name]
        option = click.option(
            f"--{name.replace('_', '-')}",
            type=_range(schema),
            default=DEFAULTS.get(name, schema.get("default")),
            show_default=True,
            help=HELP[name],
        )
        with_options = option(with_options)
    return with_options


def _range(schema: dict[str, Any]) -> click.ParamType[Any]:
    """The click type for the numbers that a JSON schema allows.

    >>> _range({"type": "number", "exclusiveMinimum": 0, "maximum": 1})
    <FloatRange 0<x<=1>
    """
    kind = click.IntRange if schema["type"] == "integer" else click.FloatRange
    return kind(
        min=schema.get("minimum", schema.get("exclusiveMinimum")),
        max=schema.get("maximum", schema.get("exclusiveMaximum")),
        min_open="exclusiveMinimum" in schema,
        max_open="exclusiveMaximum" in schema,
    )
