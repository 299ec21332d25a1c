"""What a text beyond the context costs, and whether it has a seam: `python -m poet.benchmark.long_texts --help`.

A human text is read token by token, as generation reads its own. When the context is full, generation goes on in the
way that is measured: it forgets the oldest positions (`Transformer.forget`), or it reads the newest ones again.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from poet.errors import DataError
from poet.model.saving import load_model
from poet.model.transformer import Cache, Transformer
from poet.progress import progress_bar
from poet.tokens.token_files import VALIDATION, open_tokens

PATH = click.Path(path_type=Path)

# Contexts that a text is long, and the texts that are read side by side.
CONTEXTS, TEXTS = 5, 48

# Parts of the way from one full context to the next, for the loss by distance.
PARTS = 8


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to go on when the context is full: the first `dropped` positions make room for new ones.

    The other positions stay in the cache, or the model reads their tokens again.
    """

    dropped: int
    reads_again: bool

    def __str__(self) -> str:
        return f"{'read again without' if self.reads_again else 'forget'} the first {self.dropped}"


def ways(model: Transformer) -> list[Way]:
    """What generation does, and what else it could do, for one context of `model`."""
    context = model.config.sequence_len
    shares = {max(1, context // part) for part in (2, 8)}
    forgetting = [Way(dropped=dropped, reads_again=False) for dropped in sorted(shares | {1}) if model.can_forget]
    return forgetting + [Way(dropped=dropped, reads_again=True) for dropped in sorted(shares)]


@torch.inference_mode()
def losses(model: Transformer, texts: Tensor, way: Way, advance: Callable[[], None]) -> tuple[Tensor, list[int]]:
    """The loss of each token after the first of `texts` (B, L), (B, L - 1) in nats, and where the context was full.

    `advance` is called after every token.
    """
    context = model.config.sequence_len
    cache, full, steps = model.new_cache(len(texts), torch.float32), [], []
    for t in range(texts.size(1) - 1):
        logits = model(texts[:, t : t + 1], cache)[:, -1]  # (B, 1, V) -> (B, V)
        steps.append(F.cross_entropy(logits, texts[:, t + 1], reduction="none"))  # (B,)
        if cache.length == context:
            full.append(t + 1)
            cache = _go_on(model, cache, texts[:, : t + 1], way)
        advance()
    return torch.stack(steps, dim=1), full


def _go_on(model: Transformer, cache: Cache, read: Tensor, way: Way) -> Cache:
    """The cache with room again, after the tokens `read` (B, T)."""
    if not way.reads_again:
        model.forget(cache, way.dropped)
        return cache
    cache = model.new_cache(len(read), torch.float32)
    if kept := model.config.sequence_len - way.dropped:
        model(read[:, -kept:], cache, first=-1)
    return cache


def by_distance(loss: Tensor, full: list[int]) -> list[float]:
    """The mean loss in each of at most PARTS equal parts of the way from one full context to the next.

    `loss` is (B, L); `full` are the positions at which the context had just been made free.

    >>> by_distance(torch.tensor([[9.0, 9.0, 1.0, 2.0, 3.0, 4.0, 9.0]]), full=[2, 4, 6])
    [2.0, 3.0]
    """
    stretches = torch.cat([loss[:, start:end] for start, end in itertools.pairwise(full)])  # (n, distance)
    return [part.mean().item() for part in stretches.tensor_split(min(PARTS, stretches.size(1)), dim=1)]


@click.command(
    epilog="Example: python -m poet.benchmark.long_texts --model models/shakespeare --tokens data/tokens/shakespeare"
)
@click.option("--model", type=PATH, required=True, help="The folder of a model.")
@click.option("--tokens", type=PATH, required=True, help="The folder of tokens whose validation split is read.")
def main(model: Path, tokens: Path) -> None:
    """Compare ways to write on when the context is full, by the loss of a human text."""
    poet = load_model(model, torch.device("cpu")).model
    if poet.carries_state:
        raise DataError(f"{model} has a yoke with state, whose windows follow each other; here is nothing to compare.")
    texts = _texts(open_tokens(tokens).splits[VALIDATION], CONTEXTS * poet.config.sequence_len + 1, tokens)
    click.echo(f"{len(texts)} texts of {texts.size(1):,} tokens; the first {poet.config.sequence_len} do not count.")
    click.echo(f"{'when the context is full':38} {'nats/token':>10} {'seconds':>8}  by distance from there")
    for way in ways(poet):
        began = time.perf_counter()
        with progress_bar(str(way), texts.size(1) - 1) as advance:
            loss, full = losses(poet, texts, way, advance)
        seconds = time.perf_counter() - began
        # One position forgotten at a time: no distance to speak of.
        parts = " ".join(f"{part:.3f}" for part in by_distance(loss, full)) if way.dropped > 1 else ""
        click.echo(f"{way!s:38} {loss[:, poet.config.sequence_len :].mean():10.4f} {seconds:8.1f}  {parts}")


def _texts(ids: np.ndarray, length: int, folder: Path) -> Tensor:
    """As many texts of `length` ids as there are, at most TEXTS: (B, length) int64."""
    count = min(TEXTS, len(ids) // length)
    if not count:
        raise DataError(f"{folder}: the validation split has {len(ids):,} tokens; at least {length:,} are needed.")
    return torch.from_numpy(ids[: count * length].astype(np.int64).reshape(count, length))


if __name__ == "__main__":
    main()
