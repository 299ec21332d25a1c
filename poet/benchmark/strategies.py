"""Ways to choose tokens, and what a model writes by them, for `poet.benchmark.sampling` and `poet.benchmark.pairs`.

Two ways are here and not in the product: locally typical sampling, and the likeliest of several texts.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from poet.errors import ConfigError
from poet.generation.characters import CharacterGuard
from poet.generation.sampling import generate
from poet.model.saving import TrainedModel
from poet.model.transformer import Transformer
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import token_bytes


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """How tokens are chosen; what is not said sets no limit.

    `typical` keeps the tokens whose surprise is nearest to the expected one, until they have this probability together
    (Meister et al. 2023, arXiv 2202.00666). `best_of` is the number of texts that are written; the text with the most
    likelihood per token is kept.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    typical: float = 1.0
    best_of: int = 1

    def params(self, seed: int) -> SamplingParams:
        """The parameters of one sequence."""
        return SamplingParams(
            temperature=self.temperature,
            top_p=self.top_p,
            min_p=self.min_p,
            repetition_penalty=self.repetition_penalty,
            seed=seed,
        )

    def __str__(self) -> str:
        """The temperature and what differs from the defaults, as `parse_strategy` reads it.

        >>> str(Strategy(temperature=0.9, min_p=0.05))
        'temperature=0.9 min_p=0.05'
        """
        limits = [field for field in dataclasses.fields(self) if field.name != "temperature"]
        changed = {field.name: getattr(self, field.name) for field in limits}
        shown = [f"{field.name}={changed[field.name]:g}" for field in limits if changed[field.name] != field.default]
        return " ".join([f"temperature={self.temperature:g}", *shown])


def parse_strategy(text: str) -> Strategy:
    """The strategy that `text` spells; ConfigError where it spells none.

    >>> parse_strategy("temperature=0.9 best_of=4") == Strategy(temperature=0.9, best_of=4)
    True
    """
    kinds = {name: type(value) for name, value in dataclasses.asdict(Strategy()).items()}
    values: dict[str, Any] = {}
    for part in text.split():
        name, _, value = part.partition("=")
        try:
            values[name] = kinds[name](value)
        except (KeyError, ValueError):
            raise ConfigError(
                f"{part!r} in {text!r} is no setting of sampling; expected {', '.join(kinds)}, each with a number, "
                "for example: temperature=0.9 min_p=0.05"
            ) from None
    strategy = Strategy(**values)
    if strategy.best_of < 1 or not 0 < strategy.typical <= 1:
        raise ConfigError(f"{text!r}: expected best_of of at least 1 and typical above 0 and at most 1")
    try:
        strategy.params(seed=0)
    except ValueError as error:
        raise ConfigError(f"{text!r} is out of range: {error}") from None
    return strategy


def write_ids(
    trained: TrainedModel, prompts: NDArray[Any], strategy: Strategy, tokens: int, seed: int
) -> NDArray[np.int64]:
    """Continue each of `prompts` (B, T) by `tokens` tokens: (B, tokens) ids.

    The sequences have the seeds from `seed` on, and no id makes a text that is not UTF-8, as in the stage sample.
    """
    several = strategy.best_of
    rows = np.repeat(prompts, several, axis=0)  # (B, T) -> (B n, T)
    sampling = [strategy.params(seed + row) for row in range(len(rows))]
    likelihood = np.zeros(len(rows))  # the log-likelihood of each sequence

    def add(logits: Tensor, ids: NDArray[np.int64]) -> None:
        nonlocal likelihood
        if several > 1:
            likelihood += torch.log_softmax(logits.double(), dim=-1).numpy()[np.arange(len(ids)), ids]

    guard = CharacterGuard(token_bytes(trained.tokenizer))
    with only_typical(trained.model, strategy.typical):
        steps = list(generate(trained.model, rows, sampling, tokens, torch.float32, guard, add))  # (B n,) each
    written = np.stack(steps, axis=1).reshape(-1, several, tokens)  # (B, n, tokens)
    # All have as many tokens, so the most likelihood is also the most per token.
    best = likelihood.reshape(-1, several).argmax(axis=1)  # (B,)
    chosen: NDArray[np.int64] = written[np.arange(len(written)), best]  # (B, n, tokens) -> (B, tokens)
    return chosen


@contextlib.contextmanager
def only_typical(model: Transformer, mass: float) -> Iterator[None]:
    """Inside the `with` block, the logits of `model` are minus infinity but for the typical tokens; 1 keeps all."""

    def hook(module: object, inputs: object, logits: Tensor) -> Tensor:
        return keep_typical(logits, mass)

    handle = model.register_forward_hook(hook) if mass < 1 else None
    try:
        yield
    finally:
        if handle:
            handle.remove()


def keep_typical(logits: Tensor, mass: float) -> Tensor:
    """`logits` (..., V) with minus infinity for all but the typical tokens.

    Typical are the tokens whose surprise is nearest to the mean surprise, until they have `mass` of the probability.

    >>> keep_typical(torch.log(torch.tensor([0.5, 0.3, 0.2])), 0.2).exp()
    tensor([0.0000, 0.3000, 0.0000])
    """
    surprise = -torch.log_softmax(logits, dim=-1)  # (..., V)
    probability = torch.exp(-surprise)
    mean = (probability * surprise).sum(dim=-1, keepdim=True)  # (..., 1)
    order = (surprise - mean).abs().argsort(dim=-1)  # (..., V), the most typical first
    ordered = probability.gather(-1, order)
    # A token is kept while those before it have less than `mass` together, so at least one is.
    is_dropped = (ordered.cumsum(dim=-1) - ordered) >= mass
    return logits.masked_fill(torch.zeros_like(is_dropped).scatter(-1, order, is_dropped), -torch.inf)
