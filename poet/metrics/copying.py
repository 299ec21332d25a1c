"""How much of a text is copied: the share of its characters inside long verbatim matches, and how new its phrases are.

People repeat phrases too, and quote each other, so every figure stands beside the same figure for human text that was
held out of training, cut to the same lengths (McCoy et al. 2021, arXiv 2111.09509, for the method of comparing).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from poet.attribution.index import Index
from poet.attribution.search import Numbers
from poet.attribution.spans import find_spans, match_reaches, maximal

# Match lengths, in characters, at which the share is told; the excess is told at 30, a clause rather than a phrase.
LENGTHS = (10, 20, 30, 50, 100)
EXCESS_AT = 30
# Lengths, in characters, of the n-grams of which is told what share no book holds.
NOVELTY = (4, 8, 12, 16, 20, 30, 40, 50)


def copying_metrics(
    index: Index, samples: Sequence[str], human: Sequence[str], temperatures: Sequence[float] = ()
) -> dict[str, Any]:
    """The keys of copying.json for the generated `samples`, and under `held_out` the same for the `human` texts.

    `temperatures`, one for each sample, split the figures once more, under `by_temperature`.
    """
    reaches = [match_reaches(index, text) for text in samples]
    metrics = _measure(index, samples, reaches)
    held_out = _measure(index, human, [match_reaches(index, text) for text in human])

    def excess(share: float) -> float | None:
        return share - held_out[key] if human else None

    key, name = f"share_at_{EXCESS_AT}", f"excess_at_{EXCESS_AT}"
    metrics[name] = excess(metrics[key])
    metrics["by_temperature"] = {}
    for temperature in sorted(set(temperatures)):
        numbers = [i for i, other in enumerate(temperatures) if other == temperature]
        one = _measure(index, [samples[i] for i in numbers], [reaches[i] for i in numbers], numbers)
        metrics["by_temperature"][f"{temperature:g}"] = one | {name: excess(one[key])}
    return metrics | {"held_out": held_out}


def _measure(
    index: Index, texts: Sequence[str], reaches: Sequence[Numbers], numbers: Sequence[int] | None = None
) -> dict[str, Any]:
    """The metrics of `texts`, whose matches end at `reaches`; `numbers` are their places among all texts."""
    characters = sum(len(text) for text in texts)
    metrics: dict[str, Any] = {}
    for length in LENGTHS:
        covered = sum(covered_characters(maximal(found, length)) for found in reaches)
        metrics[f"share_at_{length}"] = covered / characters if characters else 0.0
    metrics |= _longest(index, texts, reaches, numbers or range(len(texts)))
    metrics["novelty"] = {str(n): _novelty(reaches, n) for n in NOVELTY}
    metrics["characters"] = characters
    return metrics


def _longest(index: Index, texts: Sequence[str], reaches: Sequence[Numbers], numbers: Sequence[int]) -> dict[str, Any]:
    """The length of the longest match, and the first of that length: what it says, in which sample, from where."""
    lengths = [int((found - np.arange(len(found))).max(initial=0)) for found in reaches]
    longest = max(lengths, default=0)
    if not longest:
        return {"longest": 0, "longest_match": None}
    at = lengths.index(longest)
    start = int(np.argmax(reaches[at] - np.arange(len(reaches[at]))))
    passage = texts[at][start : start + longest]
    source = find_spans(index, passage, longest)[0].sources[0]
    match = {"book": source.book, "start": source.start, "text": passage, "sample": numbers[at]}
    return {"longest": longest, "longest_match": match}


def _novelty(reaches: Sequence[Numbers], n: int) -> float | None:
    """The share of the n-grams of characters that no book holds; None when every text is shorter."""
    fits = [(found - np.arange(len(found)))[: max(0, len(found) - n + 1)] for found in reaches]
    total = sum(len(lengths) for lengths in fits)
    return sum(int(np.count_nonzero(lengths < n)) for lengths in fits) / total if total else None


def covered_characters(matches: Numbers) -> int:
    """How many positions lie in at least one of `matches`, (matches, 2) of start and end, sorted by start.

    >>> covered_characters(np.array([(0, 5), (3, 8), (10, 12)]))
    10
    """
    if not len(matches):
        return 0
    starts, reached = matches[:, 0], np.maximum.accumulate(matches[:, 1])
    fresh = np.maximum(starts, np.concatenate(([0], reached[:-1])))
    return int(np.maximum(0, matches[:, 1] - fresh).sum())


def cut_like(texts: Sequence[str], lengths: Sequence[int]) -> list[str]:
    """Passages of `lengths` characters, spread evenly over all of `texts`; fewer where a text is too short.

    >>> cut_like(["abcdefgh", "ijkl"], [2, 2, 2])
    ['ab', 'ef', 'ij']
    """
    whole, passages = sum(len(text) for text in texts), []
    for number, length in enumerate(lengths):
        place = whole * number // len(lengths)
        for text in texts:
            if place < len(text):
                place = max(0, min(place, len(text) - length))
                passages.append(text[place : place + length])
                break
            place -= len(text)
    return passages
