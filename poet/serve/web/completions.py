"""/v1/completions: the texts of a request, together or as they are written, in OpenAI's shape.

All texts of a request are written side by side; each piece of a stream says by `index` which text it belongs to.
"""

import asyncio
import json
import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Literal

from poet.serve.tickets import Done, Ticket, Token
from poet.serve.web.gate import ENDING_SECONDS
from poet.serve.web.openai_bodies import Choice, Completion, CompletionRequest, Logprobs, Usage, as_json
from poet.serve.web.problems import Problem, busy
from poet.serve.web.stop_words import StopWords

# The logarithm of a probability of 0, which JSON cannot spell. OpenAI's servers write the same.
LEAST_LOGPROB = -9999.0

# What ends a stream.
END = b"data: [DONE]\n\n"


@dataclass(kw_only=True)
class Text:
    """A text of a request while it is written. `offset` is where it begins in what the client gets."""

    index: int
    ticket: Ticket
    stops: StopWords
    count: int | None
    ended: Callable[[str], None]
    offset: int = 0
    tokens: int = 0
    finish: Literal["stop", "length"] | None = None

    async def choices(self) -> AsyncGenerator[Choice, None]:
        """The pieces of the text; the last one has a reason why it is the last. Problem where the engine fails."""
        try:
            async for event in self.ticket.events():
                if isinstance(event, Token):
                    self.tokens += 1
                    text = self.stops.read(event.text)
                    if self.stops.has_ended:
                        yield self._choice(text, event, "stop")
                        return
                    if text or self.count is not None:
                        yield self._choice(text, event, None)
                elif isinstance(event, Done):
                    if event.reason == "stopped":
                        raise busy("the server is about to end.", ENDING_SECONDS)
                    if event.reason == "error":
                        raise Problem(500, event.message, code="engine")
                    yield self._choice(self.stops.rest(), None, "length")
                    return
        finally:
            self.ended(self.finish or "left")
            self.ticket.leave()

    def _choice(self, text: str, token: Token | None, finish: Literal["stop", "length"] | None) -> Choice:
        self.finish = finish
        logprobs = None
        if self.count is not None:
            logprobs = _logprobs(token, self.count, self.offset)
        return Choice(index=self.index, text=text, logprobs=logprobs, finish_reason=finish)


def _logprobs(token: Token | None, count: int, offset: int) -> Logprobs:
    """The logarithms for one token; of none, empty lists."""
    if token is None:
        return Logprobs(tokens=[], token_logprobs=[], top_logprobs=[], text_offset=[])
    best = {one.text: _log(one.probability) for one in reversed(token.alternatives[:count])}
    return Logprobs(
        tokens=[token.text],
        token_logprobs=[_log(token.probability)],
        top_logprobs=[best],
        text_offset=[offset + token.start],
    )


def _log(probability: float) -> float:
    return round(math.log(probability), 6) if probability > 0 else LEAST_LOGPROB


@dataclass(kw_only=True)
class Completing:
    """The texts of one request."""

    model: str
    body: CompletionRequest
    texts: Sequence[Text]
    prompt_tokens: int
    saw_token: Callable[[], None]
    id: str = field(default_factory=lambda: f"cmpl-{token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def leave(self) -> None:
        """Free the places of all texts."""
        for text in self.texts:
            text.ticket.leave()

    async def whole(self) -> Completion:
        """All texts at once."""
        tasks = [asyncio.ensure_future(self._whole(text)) for text in self.texts]
        try:
            return self._chunk(await asyncio.gather(*tasks), usage=self._usage())
        finally:
            # Where one text fails, nobody waits for the others.
            for task in tasks:
                task.cancel()

    async def _whole(self, text: Text) -> Choice:
        parts = []
        async for choice in text.choices():
            self.saw_token()
            parts.append(choice)
        logprobs = None
        if text.count is not None:
            logs = [part.logprobs for part in parts if part.logprobs]
            logprobs = Logprobs(
                tokens=[token for log in logs for token in log.tokens],
                token_logprobs=[value for log in logs for value in log.token_logprobs],
                top_logprobs=[best for log in logs for best in log.top_logprobs],
                text_offset=[start for log in logs for start in log.text_offset],
            )
        words = self._echo(text) + "".join(part.text for part in parts)
        return Choice(index=text.index, text=words, logprobs=logprobs, finish_reason=text.finish)

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The texts as they are written, as OpenAI's server-sent events."""
        waiting: asyncio.Queue[Choice | BaseException | None] = asyncio.Queue()
        tasks = [asyncio.ensure_future(self._follow(text, waiting)) for text in self.texts]
        try:
            for text in self.texts:
                if echo := self._echo(text):
                    yield self._encoded([Choice(index=text.index, text=echo, logprobs=None, finish_reason=None)])
            running = len(tasks)
            while running:
                item = await waiting.get()
                if item is None:
                    running -= 1
                elif isinstance(item, Problem):
                    # The status is sent already. The `openai` package raises what such an event says.
                    yield f"data: {json.dumps(item.content())}\n\n".encode("ascii")
                    return
                elif isinstance(item, BaseException):
                    raise item
                else:
                    self.saw_token()
                    yield self._encoded([item])
            if self.body.stream_options and self.body.stream_options.include_usage:
                yield self._encoded([], usage=self._usage())
            yield END
        finally:
            for task in tasks:
                task.cancel()

    async def _follow(self, text: Text, waiting: "asyncio.Queue[Choice | BaseException | None]") -> None:
        try:
            async for choice in text.choices():
                waiting.put_nowait(choice)
            waiting.put_nowait(None)
        except Exception as error:  # whatever it is, the stream must not wait for this text for ever
            waiting.put_nowait(error)

    def _echo(self, text: Text) -> str:
        if not self.body.echo:
            return ""
        return self.body.prompts[text.index // (self.body.n or 1)]

    def _usage(self) -> Usage:
        written = sum(text.tokens for text in self.texts)
        return Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=written,
            total_tokens=self.prompt_tokens + written,
        )

    def _chunk(self, choices: list[Choice], usage: Usage | None = None) -> Completion:
        return Completion(id=self.id, created=self.created, model=self.model, choices=choices, usage=usage)

    def _encoded(self, choices: list[Choice], usage: Usage | None = None) -> bytes:
        chunk: dict[str, Any] = as_json(self._chunk(choices, usage))
        return f"data: {json.dumps(chunk)}\n\n".encode("ascii")
