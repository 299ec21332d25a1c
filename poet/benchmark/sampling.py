"""Which way to choose tokens writes the text most like the books: `python -m poet.benchmark.sampling --help`.

The model continues passages of the validation text, and its continuations are compared with other human passages. The
human continuations of the same passages are compared in the same way: their distance is what chance alone makes.
"""

import dataclasses
import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray

from poet.benchmark.strategies import Strategy, write_ids
from poet.device.device import keep_freed_memory, pick_device
from poet.errors import DataError
from poet.files import read_json_as, sha256, write_json
from poet.generation.characters import complete_text
from poet.metrics.likeness import MEASURES, MeasuredTexts, distances, distinct, words_of
from poet.model.saving import TrainedModel, load_model
from poet.progress import progress_bar
from poet.results.model_folder import TOKENIZER
from poet.tokenizers.tokenizer import SEPARATOR_ID, decode, encode, token_bytes
from poet.tokens.token_files import TRAIN, VALIDATION, TokenData, open_tokens

PATH = click.Path(path_type=Path)

# What is compared: one thing at a time, then what people combine.
GRID = (
    *(Strategy(temperature=value) for value in (0.6, 0.7, 0.8, 0.9, 1.0, 1.1)),
    *(Strategy(temperature=temperature, top_p=value) for temperature in (0.9, 1.0) for value in (0.9, 0.95)),
    *(Strategy(temperature=temperature, min_p=value) for temperature in (0.9, 1.0) for value in (0.02, 0.05, 0.1)),
    *(Strategy(temperature=1.1, min_p=value) for value in (0.05, 0.1)),
    *(Strategy(typical=value) for value in (0.9, 0.95)),
    *(Strategy(temperature=0.8, repetition_penalty=value) for value in (1.05, 1.1)),
    Strategy(temperature=1.0, repetition_penalty=1.05),
    *(Strategy(temperature=temperature, best_of=4) for temperature in (0.9, 1.0)),
)

# Rounds of measuring, each on other passages and with other seeds. The spread of the rounds shows the part of chance.
ROUNDS = 3

# The seed of the first sequence of round i is i times this, more than a round has sequences.
SEEDS = 100_000

# The share of a model's context that is the prompt. The text fills the rest, so no window slides.
PROMPT = 1 / 8

# The tokens over which the hidden states are averaged: about a line.
WINDOW = 16


@dataclass(frozen=True, kw_only=True)
class Passages:
    """Human passages of the validation text: the ids of their beginnings (B, T), and their continuations."""

    prompts: NDArray[Any]
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one way of writing gives, as means over the rounds.

    `distances` are those of MEASURES; `distinct_2` and `distinct_4` the share of distinct n-grams over that of as many
    human words; `known` the share of known words. `score` is the mean of the distances, each over that of human text,
    `least` and `most` are its extremes over the rounds.
    """

    distances: dict[str, float]
    distinct_2: float
    distinct_4: float
    known: float
    score: float = 1.0
    least: float = 1.0
    most: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that was measured: of human text beside other human text, and of each strategy by its name."""

    model_sha256: str
    texts: int
    prompt_tokens: int
    tokens: int
    human: Figures
    strategies: dict[str, Figures]


@click.command(
    epilog="Example: python -m poet.benchmark.sampling --model models/shakespeare --tokens data/tokens/shakespeare"
)
@click.option("--model", type=PATH, required=True, help="A trained model's folder.")
@click.option("--tokens", type=PATH, required=True, help="The tokens that it was trained on, with the validation text.")
@click.option(
    "--samples",
    type=click.IntRange(2 * ROUNDS),
    default=48 * ROUNDS,
    show_default=True,
    help=f"Texts of each strategy, in {ROUNDS} rounds.",
)
@click.option("--out", type=PATH, help="The figures as JSON.")
def main(model: Path, tokens: Path, samples: int, out: Path | None) -> None:
    """Print how far from human text each way to choose tokens is, as a table."""
    keep_freed_memory()
    trained, data = load_model(model, pick_device("cpu")), open_tokens(tokens)
    if sha256(model / TOKENIZER) != data.meta["tokenizer_sha256"]:
        raise DataError(
            f"{model} and {tokens} have different tokenizers, so the model cannot read these tokens. Give the folder "
            "of the tokens that the model was trained on."
        )
    found = compare(trained, data, samples // ROUNDS)
    if out:
        write_json(out, dataclasses.asdict(found))
    click.echo("\n".join(table(found)))


def read_comparison(path: Path) -> Comparison:
    """What `--out` wrote."""
    return read_json_as(path, Comparison)


def compare(trained: TrainedModel, data: TokenData, texts: int, grid: Sequence[Strategy] = GRID) -> Comparison:
    """Measure every strategy of `grid` with `texts` texts in each round."""
    prompt = max(1, int(trained.model.config.sequence_len * PROMPT))
    tokens = trained.model.config.sequence_len - prompt
    vocabulary = frozenset(words_of(decode(trained.tokenizer, data.splits[TRAIN])))

    def measured(written: Sequence[str]) -> MeasuredTexts:
        return MeasuredTexts(texts=written, vocabulary=vocabulary, features=_features(trained, written))

    groups = _passages(trained, data.splits[VALIDATION], texts, prompt, tokens)
    human = [measured(group.texts) for group in groups]
    # The passages of round i continue group 2 i, and are compared with group 2 i + 1.
    others = human[1::2]
    pairs = list(itertools.combinations(human, 2))
    floor = _figures([one for one, _ in pairs], [other for _, other in pairs], None)
    strategies = {}
    with progress_bar("sampling", len(grid) * ROUNDS) as advance:
        for strategy in grid:
            rounds = []
            for number, group in enumerate(groups[::2]):
                ids = write_ids(trained, group.prompts, strategy, tokens, seed=number * SEEDS)
                rounds.append(measured([complete_text(trained.tokenizer, row) for row in ids.tolist()]))
                advance(1, str(strategy))
            strategies[str(strategy)] = _figures(rounds, others, floor)
    return Comparison(
        model_sha256=trained.sha256,
        texts=texts * ROUNDS,
        prompt_tokens=prompt,
        tokens=tokens,
        human=floor,
        strategies=strategies,
    )


def _passages(trained: TrainedModel, ids: NDArray[Any], texts: int, prompt: int, tokens: int) -> list[Passages]:
    """Two groups of `texts` passages for each round, from the whole text `ids` (n,) by turns.

    A passage begins with a line where the tokens allow it, but for the first of a book. DataError where the text has
    too few passages.
    """
    length, groups = prompt + tokens, 2 * ROUNDS
    starts = list(_starts(trained, ids, length))
    if len(starts) < groups * texts:
        raise DataError(
            f"the validation text has {len(starts)} passages of {length} tokens, but {ROUNDS * texts} samples need "
            f"{groups * texts}: each is compared with another passage. Say --samples {ROUNDS * (len(starts) // groups)}"
            " or less, or hold out more text (split.validation)."
        )
    # Neighbours go to different groups, so each group has every book in it.
    chosen = np.array(starts)[np.linspace(0, len(starts) - 1, groups * texts).astype(int)]  # (groups x texts,)
    found = []
    for group in range(groups):
        passages = ids[chosen[group::groups, None] + np.arange(length)].astype(np.int64)  # (texts, length)
        human = tuple(complete_text(trained.tokenizer, row) for row in passages[:, prompt:].tolist())
        found.append(Passages(prompts=passages[:, :prompt], texts=human))
    return found


def _starts(trained: TrainedModel, ids: NDArray[Any], length: int) -> Iterator[int]:
    """Where passages of `length` tokens start in `ids`, one behind the other and none across two books."""
    ends_line = np.array([text.endswith(b"\n") for text in token_bytes(trained.tokenizer)])[ids]  # (n,)
    ends = [*np.flatnonzero(ids == SEPARATOR_ID).tolist(), len(ids)]
    for first, end in zip([0, *(end + 1 for end in ends)], ends, strict=False):
        start = first
        while start + length <= end:
            yield start
            start += length
            # The next line begins within a few tokens; a text of one endless line is cut anywhere.
            line_ends = np.flatnonzero(ends_line[start - 1 : start - 1 + length])
            start += int(line_ends[0]) if len(line_ends) else 0


@torch.no_grad()
def _features(trained: TrainedModel, texts: Sequence[str]) -> NDArray[np.float64]:
    """The model's final hidden states of `texts`, averaged over windows of WINDOW tokens: (windows, C)."""
    found = []
    for text in texts:
        # The texts are tokenized anew: what tells two texts apart should be how they read, not how they were cut.
        ids = encode(trained.tokenizer, text)[: trained.model.config.sequence_len].astype(np.int64)  # (T,)
        hidden, _ = trained.model.hidden(torch.from_numpy(ids)[None], None, torch.float32)  # (1, T, C)
        whole = len(ids) // WINDOW * WINDOW
        windows = hidden[0, :whole].reshape(-1, WINDOW, hidden.size(2))  # (windows, WINDOW, C)
        found.append(windows.mean(dim=1).double().numpy())  # (windows, C)
    return np.concatenate(found)


def _figures(ours: Sequence[MeasuredTexts], others: Sequence[MeasuredTexts], floor: Figures | None) -> Figures:
    """The figures of `ours`, each compared with its neighbour in `others`; `floor` are those of human text."""
    rounds = [distances(one, other) for one, other in zip(ours, others, strict=True)]
    ratios: tuple[list[float], list[float]] = [], []
    for one, other in zip(ours, others, strict=True):
        size = min(len(one.words), len(other.words))
        for n, found in zip((2, 4), ratios, strict=True):
            found.append(distinct(one.words[:size], n) / distinct(other.words[:size], n))
    scores = [_score(found, floor) for found in rounds] if floor else [1.0]
    return Figures(
        distances={name: statistics.mean(found[name] for found in rounds) for name in MEASURES},
        distinct_2=statistics.mean(ratios[0]),
        distinct_4=statistics.mean(ratios[1]),
        known=statistics.mean(one.known_share for one in ours),
        score=statistics.mean(scores),
        least=min(scores),
        most=max(scores),
    )


def _score(found: dict[str, float], floor: Figures) -> float:
    """The mean of the distances, each over that of human text; a measure by which human texts are equal is left out."""
    return statistics.mean(found[name] / floor.distances[name] for name in MEASURES if floor.distances[name])


def table(found: Comparison) -> list[str]:
    """The lines of a table in Markdown, the best strategy first."""
    heads = ("sampling", "word lengths", "line lengths", "punctuation", "distinct-2", "distinct-4", "known words")
    lines = [f"| {' | '.join((*heads, 'features', 'sum', 'rounds'))} |", "|---" + "|---:" * 9 + "|"]
    ranked = sorted(found.strategies.items(), key=lambda item: item[1].score)
    for name, figures in (("other human text", found.human), *ranked):
        lines.append(f"| {' | '.join((name, *_cells(figures)))} |")
    return lines


def _cells(figures: Figures) -> Iterator[str]:
    for name in MEASURES[:3]:
        yield f"{figures.distances[name]:.4f}"
    yield f"{figures.distinct_2:.3f}"
    yield f"{figures.distinct_4:.3f}"
    yield f"{figures.known:.1%}".replace("%", " %")
    yield f"{figures.distances['features']:.3f}"
    yield f"{figures.score:.2f}"
    yield f"{figures.least:.2f} to {figures.most:.2f}"


if __name__ == "__main__":
    main()
