"""How much of the samples is copied: characters inside long verbatim matches, and how new their phrases are.

People repeat phrases too, and quote each other. So every figure comes with the same figure for human text that the
model never saw, cut to the same lengths (McCoy et al. 2021, arXiv 2111.09509, compare in this way).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from poet.attribution.index import Index, IntArray
from poet.attribution.matching import match_ends, maximal_matches
from poet.attribution.spans import find_spans
from poet.results.copying import EXCESS_AT, LENGTHS, NOVELTY, Copying, CopyingMetrics, LongestMatch

# Human passages per sample. Some dozens of passages, one per sample, are few for a mean; four times as many make it
# steadier. They are as many draws of equal size as the samples, so a maximum over one draw compares with a maximum over
# the samples; over all passages it would be larger for their number alone.
HUMAN_PER_SAMPLE = 4

# Resamples of the bootstrap, and the percentiles of the 95 % interval (Efron 1979). With 2,000, another seed moves the
# ends by about a thirtieth of their distance.
RESAMPLES = 2000
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True, kw_only=True)
class _MatchedText:
    """A text to measure, its number among the samples (or human passages), and where its longest matches end."""

    number: int
    text: str
    ends: IntArray  # (len(text),) as `match_ends` returns them

    @property
    def lengths(self) -> IntArray:
        """The length of the longest match from each character on: (len(text),)."""
        return self.ends - np.arange(len(self.ends))


def copying_metrics(
    index: Index,
    samples: Sequence[str],
    human: Sequence[str],
    *,
    temperatures: Sequence[float],
    extractable: Mapping[str, float | None],
    seed: int,
) -> Copying:
    """The copying metrics of the `samples`, and of `human` passages to compare them with (`human_passages`).

    `temperatures`, one for each sample, split the metrics once more. `extractable` is passed on
    (`poet.metrics.memorization`). Without human passages there is no excess. `seed` decides the resamples of its
    interval.
    """
    matched, human_matched = _match(index, samples), _match(index, human)
    of_human = _measure(index, human_matched, draws=HUMAN_PER_SAMPLE)

    # The difference is taken at one length only, EXCESS_AT, and for the samples only.
    def compared(texts: Sequence[_MatchedText]) -> CopyingMetrics:
        metrics = _measure(index, texts)
        if not human:
            return metrics
        excess = metrics.share_at[EXCESS_AT] - of_human.share_at[EXCESS_AT]
        interval = _excess_interval(texts, human_matched, np.random.default_rng(seed))
        return dataclasses.replace(metrics, excess=excess, excess_interval=interval)

    by_temperature = {
        f"{temperature:g}": compared([matched[i] for i, other in enumerate(temperatures) if other == temperature])
        for temperature in sorted(set(temperatures))
    }
    return Copying(samples=compared(matched), by_temperature=by_temperature, human=of_human, extractable=extractable)


def human_passages(texts: Sequence[str], lengths: Sequence[int]) -> list[str]:
    """Passages of human `texts` to compare samples of `lengths` characters with: HUMAN_PER_SAMPLE of each length."""
    return spread_passages(texts, [length for length in lengths for _ in range(HUMAN_PER_SAMPLE)])


def spread_passages(texts: Sequence[str], lengths: Sequence[int]) -> list[str]:
    """Passages of `lengths` characters, spread evenly over all of `texts`; fewer characters where a text is too short.

    >>> spread_passages(["abcdefgh", "ijkl"], [2, 2, 2])
    ['ab', 'ef', 'ij']
    """
    total, passages = sum(len(text) for text in texts), []
    for number, length in enumerate(lengths):
        # First the place in all texts joined. The inner loop finds the text that it falls into, and the place there.
        place = total * number // len(lengths)
        for text in texts:
            if place < len(text):
                start = max(0, min(place, len(text) - length))  # not so near to the end that the passage is cut
                passages.append(text[start : start + length])
                break
            place -= len(text)
    return passages


def covered_characters(matches: IntArray) -> int:
    """How many characters are in at least one of `matches`, (matches, 2) of start and end, sorted by start.

    >>> covered_characters(np.array([(0, 5), (3, 8), (10, 12)]))
    10
    """
    if not len(matches):
        return 0
    starts, ends = matches[:, 0], matches[:, 1]
    # A match adds the characters from its start, or from where the matches before it end, up to its own end.
    ends_before = np.concatenate(([0], np.maximum.accumulate(ends)[:-1]))
    return int(np.maximum(0, ends - np.maximum(starts, ends_before)).sum())


def _match(index: Index, texts: Sequence[str]) -> list[_MatchedText]:
    return [_MatchedText(number=i, text=text, ends=match_ends(index, text)) for i, text in enumerate(texts)]


def _measure(index: Index, texts: Sequence[_MatchedText], draws: int = 1) -> CopyingMetrics:
    """The metrics of `texts` together, without an excess.

    `longest` is the mean over `draws` of equal size: text i belongs to draw i % `draws`, as `human_passages` has them.
    """
    characters = sum(len(matched.text) for matched in texts)
    share_at = {length: sum(_copied(texts, length)) / characters if characters else 0.0 for length in LENGTHS}
    longest = [int(matched.lengths.max(initial=0)) for matched in texts]
    # Only the longest match says where it comes from: that is one more search, not one per sample.
    match = _longest_match(index, texts)
    return CopyingMetrics(
        share_at=share_at,
        longest=sum(max(longest[draw::draws], default=0) for draw in range(draws)) / draws,
        longest_match=match,
        novelty={n: _novelty(texts, n) for n in NOVELTY},
        characters=characters,
    )


def _copied(texts: Sequence[_MatchedText], length: int) -> list[int]:
    """How many characters of each of `texts` are in matches of at least `length`."""
    return [covered_characters(maximal_matches(matched.ends, length)) for matched in texts]


def _excess_interval(
    samples: Sequence[_MatchedText], human: Sequence[_MatchedText], generator: np.random.Generator
) -> tuple[float, float] | None:
    """The 95 % interval of the excess at EXCESS_AT, by the bootstrap over samples and human passages.

    A resample takes as many texts as there are, with replacement: some twice, some not at all. None for fewer than two
    samples or passages, whose spread is unknown.
    """
    if min(len(samples), len(human)) < 2:
        return None
    shares = []
    for texts in (samples, human):
        copied, lengths = np.array(_copied(texts, EXCESS_AT)), np.array([len(matched.text) for matched in texts])
        # How often each resample has each text: (RESAMPLES, texts).
        times = generator.multinomial(len(texts), np.full(len(texts), 1 / len(texts)), size=RESAMPLES)
        shares.append(times @ copied / np.maximum(1, times @ lengths))  # (RESAMPLES,)
    low, high = np.percentile(shares[0] - shares[1], PERCENTILES)
    return float(low), float(high)


def _longest_match(index: Index, texts: Sequence[_MatchedText]) -> LongestMatch | None:
    """The first of the longest matches in `texts`; None when no character of them occurs in a book."""
    longest = [int(matched.lengths.max(initial=0)) for matched in texts]
    length = max(longest, default=0)
    if not length:
        return None
    matched = texts[longest.index(length)]
    start = int(np.argmax(matched.lengths))
    passage = matched.text[start : start + length]
    # The passage by itself is one span, all of it; its first source is the first book that contains it.
    source = find_spans(index, passage, length)[0].sources[0]
    return LongestMatch(book=source.book, start=source.start, text=passage, sample=matched.number)


def _novelty(texts: Sequence[_MatchedText], n: int) -> float | None:
    """The share of the n-grams of characters in `texts` that occur in no book; None when every text is shorter."""
    # An n-gram occurs in a book if and only if the longest match from its first character has n characters or more.
    # The last n - 1 characters of a text begin no n-gram.
    lengths = [matched.lengths[: max(0, len(matched.text) - n + 1)] for matched in texts]
    total = sum(map(len, lengths))
    new = sum(int(np.count_nonzero(of_text < n)) for of_text in lengths)
    return new / total if total else None
