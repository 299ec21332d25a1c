"""How much of a text is copied: the share of its characters inside long verbatim matches.

People repeat phrases too, and quote each other, so every figure stands beside the same figure for human text that was
held out of training, cut to the same lengths (McCoy et al. 2021, arXiv 2111.09509, for the method of comparing).
"""

from collections.abc import Sequence
from typing import Any

from poet.attribution.index import Index
from poet.attribution.matching import maximal_matches

# Match lengths, in characters, at which the share is told; the excess is told at 30, a clause rather than a phrase.
LENGTHS = (10, 20, 30, 50, 100)
EXCESS_AT = 30


def copying_metrics(index: Index, samples: Sequence[str], human: Sequence[str]) -> dict[str, Any]:
    """The keys of copying.json for the generated `samples`, and under `held_out` the same for the `human` texts."""
    generated, held_out = _copied(index, samples), _copied(index, human)
    key = f"share_at_{EXCESS_AT}"
    excess = generated[key] - held_out[key] if human else None
    return generated | {f"excess_at_{EXCESS_AT}": excess, "held_out": held_out}


def _copied(index: Index, texts: Sequence[str]) -> dict[str, Any]:
    matches = [maximal_matches(index, text, min(LENGTHS)) for text in texts]
    characters = sum(len(text) for text in texts)
    metrics: dict[str, Any] = {}
    for length in LENGTHS:
        covered = sum(
            covered_characters([match for match in found if match[1] - match[0] >= length]) for found in matches
        )
        metrics[f"share_at_{length}"] = covered / characters if characters else 0.0
    metrics["longest"] = max((end - start for found in matches for start, end in found), default=0)
    metrics["characters"] = characters
    return metrics


def covered_characters(matches: Sequence[tuple[int, int]]) -> int:
    """How many positions lie in at least one of `matches` (start, end), which are sorted by start.

    >>> covered_characters([(0, 5), (3, 8), (10, 12)])
    10
    """
    covered = reached = 0
    for start, end in matches:
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered


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
