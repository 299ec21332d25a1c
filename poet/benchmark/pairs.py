"""Pairs of texts whose order is hidden, for readers to judge, and what their answers say.

Run: python -m poet.benchmark.pairs --help
"""

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from poet.benchmark.strategies import Strategy, only_typical, parse_strategy
from poet.device.device import keep_freed_memory, pick_device
from poet.errors import DataError
from poet.files import read_json_as, read_text, write_json, write_text
from poet.generation.ending import Ending
from poet.generation.sampling import random_stream
from poet.generation.stream import stream_texts
from poet.metrics.bits import total_nats
from poet.model.saving import TrainedModel, load_model
from poet.progress import progress_bar
from poet.results.model_folder import TOKENIZER
from poet.tokenizers.tokenizer import SEPARATOR_ID, decode, encode, load_tokenizer
from poet.tokens.token_files import VALIDATION, open_tokens

PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
STRATEGY = "for example 'temperature=0.9 min_p=0.05'"

# Lines that have text: of the beginning that both texts of a pair continue, and of each text.
PROMPT_LINES, LINES = 4, 12

# The most tokens of a line; a text that ends no line ends so.
LINE_TOKENS = 100

# The seed of the first text of pair i is i times this, more than best_of tries for one text.
SEEDS = 1000

HEAD = """Which text would you rather read?

Each pair continues the same beginning in two ways, A and B. Write one line for each pair into a file of your own: its
number and the letter of the better text, such as `1 A`. Choose one even where both are bad.
"""


@dataclass(frozen=True, kw_only=True)
class Key:
    """What stands behind the letters: `letters[i]` is the letter of the text of `ours` in pair i + 1."""

    ours: str
    theirs: str
    letters: list[str]


@click.group()
def main() -> None:
    """Write pairs of texts for readers to judge, and sum up their answers."""


@main.command(
    epilog="Example: python -m poet.benchmark.pairs write --tokens data/tokens/shakespeare --model models/shakespeare "
    "--sampling temperature=0.9 --their-sampling temperature=0.8 --out pairs.txt --key key.json"
)
@click.option("--tokens", type=PATH, required=True, help="Tokens with the validation text, whose lines are continued.")
@click.option("--model", type=PATH, required=True, help="Our model's folder.")
@click.option("--sampling", required=True, help=f"How our tokens are chosen, {STRATEGY}.")
@click.option("--their-model", type=PATH, help="The other model's folder; by default the same.")
@click.option("--their-sampling", required=True, help=f"How the other tokens are chosen, {STRATEGY}.")
@click.option("--count", type=click.IntRange(1, 1000), default=50, show_default=True, help="Pairs.")
@click.option("--seed", type=click.IntRange(0, 10**6), default=1, show_default=True, help="Decides texts and order.")
@click.option("--out", type=PATH, required=True, help="The pairs, for readers.")
@click.option("--key", type=PATH, required=True, help="Which text is whose, not for readers.")
def write(
    tokens: Path,
    model: Path,
    sampling: str,
    their_model: Path | None,
    their_sampling: str,
    count: int,
    seed: int,
    out: Path,
    key: Path,
) -> None:
    """Let two models, or one in two ways, continue the same lines."""
    keep_freed_memory()
    device = pick_device("cpu")
    ours, theirs = (load_model(folder, device) for folder in (model, their_model or model))
    strategies = parse_strategy(sampling), parse_strategy(their_sampling)
    prompts = choose_prompts(load_tokenizer(tokens / TOKENIZER), open_tokens(tokens).splits[VALIDATION], count)
    first_is_ours = random_stream(seed).integers(2, size=count).astype(bool)
    parts = [HEAD]
    with progress_bar("pairs", count) as advance:
        for number, (prompt, is_first) in enumerate(zip(prompts, first_is_ours.tolist(), strict=True), start=1):
            texts = [
                write_lines(trained, prompt, strategy, seed=(seed * count + number) * SEEDS)
                for trained, strategy in zip((ours, theirs), strategies, strict=True)
            ]
            a, b = texts if is_first else reversed(texts)
            parts.append(f"===== {number} =====\n\n{prompt}\n\n--- {number} A ---\n{a}\n\n--- {number} B ---\n{b}\n")
            advance()
    write_text(out, "\n".join(parts))
    names = [f"{one.sha256[:12]} {strategy}" for one, strategy in zip((ours, theirs), strategies, strict=True)]
    letters = ["A" if is_first else "B" for is_first in first_is_ours.tolist()]
    write_json(key, asdict(Key(ours=names[0], theirs=names[1], letters=letters)))


@main.command(epilog="Example: python -m poet.benchmark.pairs score --answers answers.txt --key key.json")
@click.option("--answers", type=FILE, required=True, help="A reader's lines, such as `1 A`.")
@click.option("--key", type=FILE, required=True, help="What `write` has written.")
def score(answers: Path, key: Path) -> None:
    """Print how often our text was the better one, with the 95 % interval of that share."""
    known = read_json_as(key, Key)
    chosen = read_answers(answers, len(known.letters))
    won = sum(letter == known.letters[number - 1] for number, letter in chosen.items())
    least, most = share_interval(won, len(chosen))
    click.echo(f"{known.ours} against {known.theirs}")
    click.echo(
        f"better in {won} of {len(chosen)} pairs: {won / len(chosen):.0%}, 95 % interval {least:.0%} to {most:.0%}"
    )


def choose_prompts(tokenizer: Tokenizer, ids: NDArray[Any], count: int) -> list[str]:
    """Beginnings from the text `ids` (n,), spread evenly over it: PROMPT_LINES lines after a blank line each.

    DataError where the text has fewer than `count` such places.
    """
    books = np.split(ids, np.flatnonzero(ids == SEPARATOR_ID))
    places = [prompt for book in books for prompt in _beginnings(decode(tokenizer, book))]
    if len(places) < count:
        raise DataError(
            f"the validation text has {len(places)} places where {PROMPT_LINES} lines follow a blank line, but {count} "
            "pairs were asked for. Say a smaller --count, or hold out more text (split.validation)."
        )
    return [places[i] for i in np.linspace(0, len(places) - 1, count).astype(int)]


def _beginnings(text: str) -> Iterator[str]:
    """PROMPT_LINES lines with text after each blank line of `text`, without the last line end."""
    # A line begins with its first character that is no blank, so there is one way to match it.
    line = r"[^\S\n]*\S[^\n]*"
    lines = re.compile(rf"{line}(?:\n\s*{line}){{{PROMPT_LINES - 1}}}")
    for place in re.finditer(r"\n\n+(?=[^\n])", text):
        if found := lines.match(text, place.end()):
            yield found[0]


@torch.no_grad()
def write_lines(trained: TrainedModel, prompt: str, strategy: Strategy, seed: int) -> str:
    """LINES lines that continue `prompt`, which ends with a complete line."""
    # The line of the prompt counts as one.
    ending = Ending(lines=LINES + 1)
    params = [strategy.params(seed + i) for i in range(strategy.best_of)]
    with only_typical(trained.model, strategy.typical):
        pieces = stream_texts(trained, prompt, params, LINE_TOKENS * LINES, ending=ending)
        texts = ["".join(text) for text in pieces]
    best = texts[0] if len(texts) == 1 else min(texts, key=lambda text: _nats_per_token(trained, prompt, text))
    return first_lines(best, LINES)


def first_lines(text: str, count: int) -> str:
    """The first `count` lines of `text` that have text, and the blank lines between them.

    A text may go on in the last line of its prompt. What it adds there is a line of its own to a reader.

    >>> first_lines("\\n\\none\\n\\ntwo\\nthree", 2)
    'one\\n\\ntwo'
    """
    lines = text.strip("\n").split("\n")
    with_text = [i for i, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[: with_text[count - 1] + 1] if len(with_text) >= count else lines)


def _nats_per_token(trained: TrainedModel, prompt: str, text: str) -> float:
    """The surprise of `text` after `prompt`."""
    before, both = (encode(trained.tokenizer, part) for part in (prompt, prompt + text))
    total, known = (total_nats(trained.model, ids, stride=0.5, dtype=torch.float32) for ids in (both, before))
    return (total - known) / max(1, len(both) - len(before))


def read_answers(path: Path, pairs: int) -> dict[int, str]:
    """The letter of each pair that a reader has judged; DataError for a line that is no answer to one of `pairs`."""
    answers: dict[int, str] = {}
    for row, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        found = re.fullmatch(r"\s*(\d+)[\s.:)]+([ABab])\s*", line)
        number = int(found[1]) if found else 0
        if not found or not 1 <= number <= pairs:
            raise DataError(
                f"{path}, line {row}: {line!r} is no answer; expected a number from 1 to {pairs} and A or B, such as "
                "'1 A'. Correct the line."
            )
        if number in answers:
            raise DataError(f"{path}, line {row}: pair {number} was judged before. Remove one of the two lines.")
        answers[number] = found[2].upper()
    if not answers:
        raise DataError(f"{path} holds no answer. Write one line for each pair, such as '1 A'.")
    return answers


def share_interval(won: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of the share of `won` among `total` independent answers (Wilson 1927).

    >>> [round(end, 3) for end in share_interval(31, 50)]
    [0.482, 0.741]
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = won / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2) / (1 + z**2 / total)
    return max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    main()
