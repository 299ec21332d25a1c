"""The desk of the server: it takes requests to write, gives them to the engines, and counts what becomes of them."""

import dataclasses
import functools
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from poet.errors import PoetError
from poet.generation.ending import Ending
from poet.serve.answers import NO_INDEX
from poet.serve.engine import Busy
from poet.serve.request import Writing
from poet.serve.tickets import Done, Ticket, Token
from poet.serve.web.bodies import WriteRequest
from poet.serve.web.completions import Completing, Text
from poet.serve.web.events import EventStream, as_json, encoded
from poet.serve.web.gate import Gate
from poet.serve.web.offer import Offered
from poet.serve.web.openai_bodies import CompletionRequest
from poet.serve.web.problems import Problem, busy
from poet.serve.web.stop_words import StopWords
from poet.tokenizers.tokenizer import encode

# A text has exactly as many tokens as its request says, where `poet generate` goes on to the end of its line: the page
# of one file counts like this, and a link has to give the same text with both.
EXACT = Ending()

# Seconds after which a client may ask again where all places are taken. A text of 300 tokens takes about as long.
BUSY_SECONDS = 2


@dataclass(kw_only=True)
class Desk:
    """The models that are offered, by their names, and the gate that the requests have passed."""

    offers: Mapping[str, Offered]
    gate: Gate
    created: int = field(default_factory=lambda: int(time.time()))

    def offer(self, name: str) -> Offered:
        """The model called `name`, or the first for an empty name; Problem where there is none."""
        if not name:
            return next(iter(self.offers.values()))
        if name not in self.offers:
            there = ", ".join(self.offers)
            raise Problem(
                404, f"there is no model {name[:60]!a}; there are: {there}.", param="model", code="model_not_found"
            )
        return self.offers[name]

    def status(self) -> str:
        """How the server is: ok, ending or failed."""
        if any(one.engine.figures.fault for one in self.offers.values()):
            return "failed"
        return "ending" if self.gate.is_ending else "ok"

    def figures(self) -> dict[str, dict[str, Any]]:
        """How much work each engine has."""
        return {name: dataclasses.asdict(one.engine.figures) for name, one in self.offers.items()}

    def write(self, body: WriteRequest) -> EventStream:
        """The events of the text that `body` wants; Problem where it cannot be written."""
        offered, writing = self.offer(body.model), body.settings.writing()
        self._check(offered, writing, [body.prompt])
        forced = {index: token for index, token in body.forced if index < writing.max_new_tokens}
        size = offered.poet.trained.model.vocab_size
        if unknown := [token for token in forced.values() if token >= size]:
            raise Problem(400, f"there is no token {unknown[0]}, the last is {size - 1}.", param="forced")
        saw_token = self._timer()
        (ticket,) = self._tickets(
            offered, [(body.prompt, writing)], forced, trace=body.trace, alternatives=body.alternatives
        )

        async def parts() -> AsyncGenerator[bytes, None]:
            end = "left"
            try:
                async for event in ticket.events():
                    if isinstance(event, Token):
                        saw_token()
                    elif isinstance(event, Done):
                        end = event.reason
                    yield encoded(as_json(event))
            finally:
                self._count(offered.name, end)

        return EventStream(parts(), ticket.leave)

    def complete(self, body: CompletionRequest) -> Completing:
        """The texts that `body` wants; Problem where they cannot be written."""
        offered, prompts, writings = self.offer(body.model), body.prompts, body.writings()
        if not body.model:
            raise Problem(404, "model is empty.", param="model", code="model_not_found")
        lengths = self._check(offered, writings[0], prompts)
        saw_token = self._timer()
        pairs = [(prompt, writing) for prompt in prompts for writing in writings]
        tickets = self._tickets(offered, pairs, {}, trace=False, alternatives=body.logprobs or 0)
        texts = [
            Text(
                index=index,
                ticket=ticket,
                stops=StopWords(body.stops),
                count=body.logprobs,
                ended=functools.partial(self._count, offered.name),
                offset=len(prompt) if body.echo else 0,
            )
            for index, (ticket, (prompt, _)) in enumerate(zip(tickets, pairs, strict=True))
        ]
        return Completing(model=offered.name, body=body, texts=texts, prompt_tokens=sum(lengths), saw_token=saw_token)

    def _check(self, offered: Offered, writing: Writing, prompts: Sequence[str]) -> list[int]:
        """The numbers of tokens of `prompts`; Problem where the model cannot do what is asked."""
        if writing.max_copy and offered.poet.index is None:
            raise Problem(400, f"max_copy should be 0, got {writing.max_copy}. {NO_INDEX}", param="max_copy")
        lengths = [len(encode(offered.poet.trained.tokenizer, prompt)) for prompt in prompts]
        if 0 in lengths:
            raise Problem(400, "the prompt has nothing that the model knows; give it a word.", param="prompt")
        return lengths

    def _tickets(
        self,
        offered: Offered,
        pairs: Sequence[tuple[str, Writing]],
        forced: Mapping[int, int],
        *,
        trace: bool,
        alternatives: int,
    ) -> list[Ticket]:
        """A ticket for each prompt and its writing; Problem where there is no place for all of them."""
        tickets: list[Ticket] = []
        try:
            for prompt, writing in pairs:
                tickets.append(
                    offered.engine.write(prompt, writing, forced, trace=trace, alternatives=alternatives, ending=EXACT)
                )
        except PoetError as error:
            for ticket in tickets:
                ticket.leave()
            if not isinstance(error, Busy):
                raise Problem(500, error.format_message(), code="engine") from None
            raise busy(f"all places are taken; come back in {BUSY_SECONDS} s.", BUSY_SECONDS) from None
        return tickets

    def _count(self, model: str, end: str) -> None:
        self.gate.metrics.texts[model, end] += 1

    def _timer(self) -> Callable[[], None]:
        """A function to be called for each token: the first call counts how long the first token took."""
        begin, waits = time.monotonic(), True

        def saw_token() -> None:
            nonlocal waits
            if waits:
                waits = False
                self.gate.metrics.saw_first_token(time.monotonic() - begin)

        return saw_token
