"""How fast the engine of a server writes for several readers at once: `python -m poet.benchmark.serving --help`.

Every reader asks for one text after the other, of random lengths, so that requests join and leave the batch all the
time. The readers live in one asyncio loop, as in a server, but there is no network between them and the engine.
"""

import asyncio
import dataclasses
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import torch

from poet.attribution.least_length import BEGINNING, least_length
from poet.device.device import keep_freed_memory
from poet.device.threads import use_threads
from poet.files import write_json
from poet.generation.characters import CharacterGuard
from poet.generation.ending import Ending
from poet.generation.sampling import generate
from poet.serve.answers import Poet, open_poet
from poet.serve.engine import THREADS, Engine
from poet.serve.request import Writing
from poet.serve.tickets import Token
from poet.tokenizers.tokenizer import encode, token_bytes

PATH = click.Path(path_type=Path)

# What a page asks for with every token.
ALTERNATIVES = 8

# Characters of a prompt: a line, or more than any model's context has.
LINE, LONG = 40, 8_000


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the readers do: how many there are, and what they ask for."""

    readers: int
    trace: bool
    alternatives: int
    long_prompts: bool = False


@dataclass(frozen=True, kw_only=True)
class Served:
    """What came of it: tokens per second of all readers together, milliseconds from a request to its first token
    (median, 95th percentile) and the longest between two tokens of one text.
    """

    load: Load
    tokens_per_second: float
    first_token: float
    first_token_95: float
    longest_gap: float


LOADS = (
    *(Load(readers=readers, trace=False, alternatives=0) for readers in (1, 4, 16)),
    *(Load(readers=readers, trace=True, alternatives=0) for readers in (1, 4, 16)),
    *(Load(readers=readers, trace=True, alternatives=ALTERNATIVES) for readers in (1, 4, 16)),
    Load(readers=16, trace=True, alternatives=ALTERNATIVES, long_prompts=True),
)


@click.command(
    epilog="Example: python -m poet.benchmark.serving --model models/shakespeare --index data/index/shakespeare"
)
@click.option("--model", type=PATH, required=True, help="A trained model's folder.")
@click.option("--index", type=PATH, required=True, help="The index of its books.")
@click.option("--seconds", type=click.FloatRange(0.5), default=5.0, show_default=True, help="Time for each load.")
@click.option("--threads", type=click.IntRange(1), default=THREADS, show_default=True, help="Threads of the engine.")
@click.option("--compare", type=click.IntRange(0), default=0, help="Texts to compare with those of `generate`.")
@click.option("--out", type=PATH, help="The figures as JSON.")
def main(model: Path, index: Path, seconds: float, threads: int, compare: int, out: Path | None) -> None:
    """Print what the engine reaches with 1, 4 and 16 readers, with and without tracing, as a table."""
    keep_freed_memory()
    poet = open_poet(model, index, min_length=1)
    assert poet.index is not None
    poet = dataclasses.replace(poet, min_length=least_length(poet.index.beginnings(BEGINNING)))
    use_threads(threads)
    click.echo(f"generate, one text: {yardstick(poet, seconds):,.0f} tokens/s\n")
    found = []
    for load in LOADS:
        found.append(serve(poet, load, seconds, threads))
    click.echo("\n".join(table(found)))
    if out:
        write_json(out, [dataclasses.asdict(served) for served in found])
    if compare:
        differing, tokens = differing_texts(poet, compare)
        click.echo(
            f"\n{differing} of {compare} texts ({tokens:,} tokens) differ from those of generate in a single row"
        )


def yardstick(poet: Poet, seconds: float) -> float:
    """Tokens per second of `generate` for one text, without a server."""
    model, guard = poet.trained.model, CharacterGuard(token_bytes(poet.trained.tokenizer))
    prompt = encode(poet.trained.tokenizer, next(_prompts(poet, LINE)))
    begin, tokens = time.perf_counter(), 0
    for _ in generate(model, prompt, [Writing(temperature=0.8)], 1_000_000, torch.float32, guard):
        tokens += 1
        if time.perf_counter() - begin > seconds:
            break
    return tokens / (time.perf_counter() - begin)


def serve(poet: Poet, load: Load, seconds: float, threads: int) -> Served:
    """Let `load.readers` readers read for `seconds` seconds."""
    engine = Engine(poet, threads=threads)
    try:
        return asyncio.run(_serve(engine, load, seconds))
    finally:
        engine.close(0)


async def _serve(engine: Engine, load: Load, seconds: float) -> Served:
    firsts: list[float] = []
    gaps: list[float] = []
    # The first texts meet a cold processor, and no batch is full yet.
    warm = time.perf_counter() + min(1.0, seconds / 4)
    end = warm + seconds
    counted = 0

    async def read(number: int) -> None:
        nonlocal counted
        prompts, source = _prompts(engine.poet, LONG if load.long_prompts else LINE, number), random.Random(number)
        while time.perf_counter() < end:
            writing = Writing(max_new_tokens=source.randrange(100, 300), seed=source.randrange(10**6), max_copy=0)
            begin = last = time.perf_counter()
            ticket = engine.write(
                next(prompts), writing, trace=load.trace, alternatives=load.alternatives, ending=Ending()
            )
            async for event in ticket.events():
                if isinstance(event, Token):
                    now = time.perf_counter()
                    counted += warm <= now < end
                    # The first tokens of all readers at once are the hardest to give, so they count as well.
                    (gaps if event.index else firsts).append(1000 * (now - (last if event.index else begin)))
                    last = now
                if time.perf_counter() >= end:
                    break

    await asyncio.gather(*(read(number) for number in range(load.readers)))
    return summarize(load, firsts, gaps, counted / seconds)


def summarize(load: Load, firsts: list[float], gaps: list[float], tokens_per_second: float) -> Served:
    """What came of `load`, from the milliseconds to the first token of each text, of which there is one at least, and
    those between two later ones.
    """
    return Served(
        load=load,
        tokens_per_second=tokens_per_second,
        first_token=statistics.median(firsts),
        first_token_95=statistics.quantiles(firsts, n=20)[-1] if len(firsts) > 1 else firsts[0],
        longest_gap=max(gaps, default=0.0),
    )


def differing_texts(poet: Poet, texts: int) -> tuple[int, int]:
    """Write `texts` texts: the number that differs from those of `generate` with one row, and the tokens of all."""
    engine = Engine(poet, waiting=texts)
    prompts = _prompts(poet, LINE)
    guard = CharacterGuard(token_bytes(poet.trained.tokenizer))
    orders = [(next(prompts), Writing(max_new_tokens=300, temperature=1.0, seed=seed)) for seed in range(texts)]
    tickets = [engine.write(prompt, writing, trace=False, ending=Ending()) for prompt, writing in orders]
    differing = tokens = 0
    for (prompt, writing), ticket in zip(orders, tickets, strict=True):
        ids = [event.token for event in ticket if isinstance(event, Token)]
        prompt_ids = encode(poet.trained.tokenizer, prompt)
        alone = generate(poet.trained.model, prompt_ids, [writing], len(ids), torch.float32, guard)
        differing += ids != [int(step[0]) for step in alone]
        tokens += len(ids)
    engine.close(0)
    return differing, tokens


def _prompts(poet: Poet, characters: int, seed: int = 0) -> Iterator[str]:
    """Passages of the books, without end."""
    assert poet.index is not None
    source, beginnings = random.Random(seed), list(poet.index.beginnings(20 * LONG))
    while True:
        text = source.choice(beginnings)
        start = source.randrange(max(1, len(text) - characters))
        yield text[start : start + characters] or " "


def table(found: list[Served]) -> list[str]:
    """The lines of a table in Markdown."""
    heads = (
        "readers",
        "tracing",
        "alternatives",
        "prompts",
        "tokens/s",
        "of one",
        "first token",
        "95 %",
        "longest gap",
    )
    lines = [f"| {' | '.join(heads)} |", "|---:|---|---:|---|" + "---:|" * 5]
    for served in found:
        load = served.load
        one = next((s for s in found if s.load == dataclasses.replace(load, readers=1)), None)
        cells = (
            str(load.readers),
            "yes" if load.trace else "no",
            str(load.alternatives),
            "long" if load.long_prompts else "a line",
            f"{served.tokens_per_second:,.0f}",
            f"{served.tokens_per_second / one.tokens_per_second:.1f}" if one else "",
            f"{served.first_token:.1f} ms",
            f"{served.first_token_95:.1f} ms",
            f"{served.longest_gap:.0f} ms",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
