"""How much of the samples is copied: characters inside long verbatim matches, and how new their phrases are.

People repeat phrases too, and quote each other. So every figure comes with the same figure for human text that the
model never saw, cut to the same lengths (McCoy et al. 2021, arXiv 2111.09509, compare in this way).

All figures are measured twice: over all characters, and over running text, which is what remains without furniture
(`poet.attribution.furniture`). Of running text:

- The length of a match is the number of its characters of running text. Furniture inside a match neither ends it, so
  that a dialogue learned by heart counts as one long match, nor makes it longer, so that "[Exit] ACT III" is no match.
- A share counts the characters of running text in matches of at least that length, of all characters of running text.
- The longest match is the one with most characters of running text, shown from the first of them to the last.
- An n-gram counts if all its characters are running text.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import Index, IntArray
from poet.attribution.least_length import WORDS_OF_A_PASSAGE
from poet.attribution.matching import match_ends, maximal_matches
from poet.attribution.spans import attribute_text, find_spans
from poet.results.attribution import AttributedSample
from poet.results.copying import (
    EXCESS_AT,
    LENGTHS,
    NOVELTY,
    Copying,
    CopyingMetrics,
    LongestMatch,
    RunningText,
)

# Human passages per sample. Some dozens of passages, one per sample, are few for a mean; four times as many make it
# steadier. They are as many draws of equal size as the samples, so a maximum over one draw compares with a maximum over
# the samples; over all passages it would be larger for their number alone.
HUMAN_PER_SAMPLE = 4

# Resamples of the bootstrap, and the percentiles of the 95 % interval (Efron 1979). With 2,000, another seed moves the
# ends by about a thirtieth of their distance.
RESAMPLES = 2000
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True, kw_only=True)
class MeasuredText:
    """A text to measure, and which of its characters are running text: (len(text),) bool."""

    text: str
    running: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class _MatchedText:
    """A text, its number among the samples (or human passages), where its longest matches end, and what counts of it.

    `counted` are the characters that count: all of them, or those of running text.
    """

    number: int
    text: str
    ends: IntArray  # (len(text),) as `match_ends` returns them
    counted: NDArray[np.bool_]  # (len(text),)

    @functools.cached_property
    def counted_before(self) -> IntArray:
        """How many characters count before each place: (len(text) + 1,)."""
        return np.concatenate(([0], np.cumsum(self.counted)))

    @property
    def characters(self) -> int:
        """How many characters count."""
        return int(self.counted_before[-1])

    @property
    def lengths(self) -> IntArray:
        """The length of the longest match from each character on, in characters that count: (len(text),)."""
        return self.counted_before[self.ends] - self.counted_before[:-1]

    def copied(self, length: int) -> int:
        """How many characters count and are in a match with at least `length` that count."""
        # A match of that length lies in a maximal one, whose length is no smaller.
        matches = maximal_matches(self.ends, 1)  # (matches, 2)
        starts, ends = matches.T  # (matches, 2) -> two arrays (matches,)
        long = self.counted_before[ends] - self.counted_before[starts] >= max(1, length)
        return covered_characters(self.counted_before[matches[long]])


def copying_metrics(
    index: Index,
    samples: Sequence[MeasuredText],
    human: Sequence[MeasuredText],
    *,
    attributed: Sequence[AttributedSample],
    temperatures: Sequence[float],
    extractable: Mapping[str, float | None],
    min_length: int,
    seed: int,
) -> Copying:
    """The copying metrics of the `samples`, and of `human` passages to compare them with (`human_passages`).

    `attributed` are the passages of the samples, of at least `min_length` characters; those of human text are searched
    for here. `temperatures`, one for each sample, split the metrics once more. `extractable` is passed on
    (`poet.metrics.memorization`). Without samples or human text of which something counts there is no excess. `seed`
    decides the resamples of the interval of the excess.
    """
    matched, human_matched = _match(index, samples), _match(index, human)
    # The matches of the running text are the same; only other characters count.
    running, human_running = _count_running(matched, samples), _count_running(human_matched, human)
    of_human = [attribute_text(index, i, one.text, min_length, one.running) for i, one in enumerate(human)]
    return Copying(
        **_compare(index, matched, human_matched, temperatures, seed),
        running_text=RunningText(
            **_compare(index, running, human_running, temperatures, seed),
            surprise=_largest_surprise(attributed, draws=1),
            human_surprise=_largest_surprise(of_human, draws=HUMAN_PER_SAMPLE),
        ),
        extractable=extractable,
    )


def _compare(
    index: Index,
    samples: Sequence[_MatchedText],
    human: Sequence[_MatchedText],
    temperatures: Sequence[float],
    seed: int,
) -> dict[str, Any]:
    """The metrics of the `samples`, of those of each temperature, and of `human` text, by the fields of `Copying`."""
    of_human = _measure(index, human, draws=HUMAN_PER_SAMPLE)

    # The difference is taken at one length only, EXCESS_AT, and for the samples only.
    def compared(texts: Sequence[_MatchedText]) -> CopyingMetrics:
        metrics = _measure(index, texts)
        # Text of which nothing counts copies neither more nor less than other text.
        if not (metrics.characters and of_human.characters):
            return metrics
        excess = metrics.share_at[EXCESS_AT] - of_human.share_at[EXCESS_AT]
        interval = _excess_interval(texts, human, np.random.default_rng(seed))
        return dataclasses.replace(metrics, excess=excess, excess_interval=interval)

    by_temperature = {
        f"{temperature:g}": compared([samples[i] for i, other in enumerate(temperatures) if other == temperature])
        for temperature in sorted(set(temperatures))
    }
    return {"samples": compared(samples), "by_temperature": by_temperature, "human": of_human}


def human_passages(texts: Sequence[MeasuredText], lengths: Sequence[int]) -> list[MeasuredText]:
    """Passages of human `texts` to compare samples of `lengths` characters with: HUMAN_PER_SAMPLE of each length."""
    places = spread_places([len(text.text) for text in texts], [n for n in lengths for _ in range(HUMAN_PER_SAMPLE)])
    return [
        MeasuredText(text=texts[number].text[start:end], running=texts[number].running[start:end])
        for number, start, end in places
    ]


def spread_places(sizes: Sequence[int], lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """Passages of `lengths` characters, spread evenly over texts of `sizes` characters: (text, start, end) of each.

    A passage is shorter where its text is too short.

    >>> spread_places([8, 4], [2, 2, 2])
    [(0, 0, 2), (0, 4, 6), (1, 0, 2)]
    """
    total, places = sum(sizes), []
    for number, length in enumerate(lengths):
        # First the place in all texts joined. The inner loop finds the text that it falls into, and the place there.
        place = total * number // len(lengths)
        for text, size in enumerate(sizes):
            if place < size:
                start = max(0, min(place, size - length))  # not so near to the end that the passage is cut
                places.append((text, start, min(size, start + length)))
                break
            place -= size
    return places


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


def _match(index: Index, texts: Sequence[MeasuredText]) -> list[_MatchedText]:
    """The texts with their matches; every character counts."""
    return [
        _MatchedText(number=i, text=one.text, ends=match_ends(index, one.text), counted=np.ones(len(one.text), bool))
        for i, one in enumerate(texts)
    ]


def _count_running(matched: Sequence[_MatchedText], texts: Sequence[MeasuredText]) -> list[_MatchedText]:
    """`matched`, the matches of `texts`, with nothing but running text that counts."""
    return [dataclasses.replace(one, counted=text.running) for one, text in zip(matched, texts, strict=True)]


def _measure(index: Index, texts: Sequence[_MatchedText], draws: int = 1) -> CopyingMetrics:
    """The metrics of `texts` together, without an excess.

    `longest` is the mean over `draws` of equal size: text i belongs to draw i % `draws`, as `human_passages` has them.
    """
    characters = sum(matched.characters for matched in texts)
    share_at = {
        length: sum(matched.copied(length) for matched in texts) / characters if characters else 0.0
        for length in LENGTHS
    }
    longest = [int(matched.lengths.max(initial=0)) for matched in texts]
    # Only the longest match says where it comes from: that is one more search, not one per sample.
    match = _longest_match(index, texts)
    return CopyingMetrics(
        share_at=share_at,
        longest=_mean_of_draws(longest, draws),
        longest_match=match,
        novelty={n: _novelty(texts, n) for n in NOVELTY},
        characters=characters,
    )


def _mean_of_draws(values: Sequence[float], draws: int) -> float:
    """The largest of `values` in each of `draws`, on average; the value of text i belongs to draw i % `draws`."""
    return sum(max(values[draw::draws], default=0) for draw in range(draws)) / draws


def _largest_surprise(attributed: Sequence[AttributedSample], draws: int) -> float:
    """The surprise of the most surprising passage of running text in `attributed`, in bits: the mean over `draws`."""
    return round(_mean_of_draws([_surprise(one) for one in attributed], draws), 2)


def _surprise(attributed: AttributedSample) -> float:
    """The largest surprise among the passages with enough words of running text; 0 without one."""
    enough = [span for span in attributed.by_start() if span.running_words >= WORDS_OF_A_PASSAGE]
    return max((span.running_surprise for span in enough), default=0.0)


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
        copied = np.array([matched.copied(EXCESS_AT) for matched in texts])
        lengths = np.array([matched.characters for matched in texts])
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
    first = int(np.argmax(matched.lengths))
    # From the first character that counts to the last: furniture inside the match is shown, around it not.
    counted = np.flatnonzero(matched.counted[first : matched.ends[first]])
    passage = matched.text[first + counted[0] : first + counted[-1] + 1]
    # The passage by itself is one span, all of it; its first source is the first book that contains it.
    source = find_spans(index, passage, len(passage))[0].sources[0]
    return LongestMatch(book=source.book, start=source.start, text=passage, sample=matched.number)


def _novelty(texts: Sequence[_MatchedText], n: int) -> float | None:
    """The share of the n-grams of characters in `texts` that occur in no book; None when every text is shorter.

    Only n-grams all of whose characters count are looked at.
    """
    total = new = 0
    for matched in texts:
        # The last n - 1 characters of a text begin no n-gram.
        starts = np.arange(max(0, len(matched.text) - n + 1))
        starts = starts[matched.counted_before[starts + n] - matched.counted_before[starts] == n]
        total += len(starts)
        # An n-gram occurs in a book if and only if the longest match from its first character reaches its end.
        new += int(np.count_nonzero(matched.ends[starts] - starts < n))
    return new / total if total else None
