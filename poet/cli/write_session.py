"""What `poet write` remembers: the settings, the last text with its tokens and passages, and what else it could say."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pydantic

from poet.errors import PoetError
from poet.params.sampling import SamplingParams
from poet.serve.request import Writing
from poet.serve.tickets import Done, Spans, Token
from poet.serve.web.offer import Offered

# The settings in the order in which they are shown; `tokens` is what a Writing calls max_new_tokens.
SETTINGS = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "max_copy", "tokens", "seed")

# Tokens that are shown beside a chosen one.
ALTERNATIVES = 8


@dataclass(kw_only=True)
class Piece:
    """A text, as far as it is written: `forced` are the tokens that a person chose, by their index."""

    prompt: str
    writing: Writing
    forced: Mapping[int, int] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    spans: Spans | None = None

    @property
    def text(self) -> str:
        """What is written behind the prompt."""
        return "".join(token.text for token in self.tokens)


@dataclass(kw_only=True)
class Session:
    """The texts of one person with one model."""

    offered: Offered
    writing: Writing
    last: Piece | None = None
    # The index whose alternatives were shown last.
    _shown: int | None = None

    async def write(self, piece: Piece, show: Callable[[Piece], None]) -> None:
        """Write `piece`; `show` is called whenever there is more of it. PoetError where the engine fails."""
        self.last, self._shown = piece, None
        engine, has_index = self.offered.engine, self.offered.poet.index is not None
        ticket = engine.write(piece.prompt, piece.writing, piece.forced, trace=has_index, alternatives=ALTERNATIVES)
        try:
            async for event in ticket.events():
                if isinstance(event, Token):
                    piece.tokens.append(event)
                elif isinstance(event, Spans):
                    piece.spans = event
                elif isinstance(event, Done) and event.reason == "error":
                    raise PoetError(event.message)
                show(piece)
        finally:
            ticket.leave()

    def settings(self) -> dict[str, float]:
        """All settings with their values."""
        values = dataclasses.asdict(self.writing)
        values["tokens"] = values.pop("max_new_tokens")
        return {name: values[name] for name in SETTINGS}

    def set(self, name: str, value: str) -> None:
        """Set one setting; PoetError where there is no such one, or the value is none of its."""
        name = name.replace("-", "_")
        if name not in SETTINGS:
            raise PoetError(f"there is no setting {name!a}; there are {', '.join(SETTINGS)}")
        if name == "max_copy" and value != "0" and self.offered.poet.index is None:
            raise PoetError("max_copy stays 0: this model has no index of its books")
        field_name = "max_new_tokens" if name == "tokens" else name
        kind = type(getattr(self.writing, field_name))
        try:
            number = kind(value)
        except ValueError:
            raise PoetError(f"{name} should be a {'whole ' if kind is int else ''}number, got {value[:60]!a}") from None
        try:
            self.writing = dataclasses.replace(self.writing, **{field_name: number})
        except pydantic.ValidationError as error:
            raise PoetError(f"{name} {why(error)}") from None

    def chosen(self, number: int | None) -> tuple[int, Token]:
        """The token `number` of the last text, from 1, the last for None; its alternatives can be taken then."""
        piece = self._require_last()
        number = len(piece.tokens) if number is None else number
        if not 1 <= number <= len(piece.tokens):
            raise PoetError(f"the last text has the tokens 1 to {len(piece.tokens)}, got {number}")
        self._shown = number - 1
        return number, piece.tokens[number - 1]

    def branch(self, choice: int) -> Piece:
        """The last text up to the token whose alternatives were shown, with the alternative `choice`, from 1."""
        piece = self._require_last()
        if self._shown is None:
            raise PoetError("first show what else a token could have been: /else, or /else 12 for the twelfth")
        alternatives = piece.tokens[self._shown].alternatives
        if not 1 <= choice <= len(alternatives):
            raise PoetError(f"there are the alternatives 1 to {len(alternatives)}, got {choice}")
        before = {index: token for index, token in piece.forced.items() if index < self._shown}
        forced = before | {self._shown: alternatives[choice - 1].token}
        return Piece(prompt=piece.prompt, writing=piece.writing, forced=forced)

    def again(self) -> Piece:
        """A piece of the last prompt with the next seed."""
        piece = self._require_last()
        self.writing = dataclasses.replace(self.writing, seed=piece.writing.seed + 1)
        return Piece(prompt=piece.prompt, writing=self.writing)

    def _require_last(self) -> Piece:
        if self.last is None or not self.last.tokens:
            raise PoetError("there is no text yet; type how one begins")
        return self.last


def first_writing(sampling: SamplingParams, tokens: int, max_copy: int) -> Writing:
    """The settings that the options name; PoetError where a text may not have them."""
    values: dict[str, Any] = dataclasses.asdict(sampling)
    try:
        return Writing(**values, max_new_tokens=tokens, max_copy=max_copy)
    except pydantic.ValidationError as error:
        raise PoetError(f"{error.errors()[0]['loc'][0]} {why(error)}") from None


def why(error: pydantic.ValidationError) -> str:
    """What is wrong with a value, in our words."""
    problem = error.errors()[0]
    message = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return f"{message}, got {problem['input']!r}"
