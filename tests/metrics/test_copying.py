"""Copying metrics against counts of marked characters and of n-grams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.metrics.copying import (
    HUMAN_PER_SAMPLE,
    copying_metrics,
    covered_characters,
    human_passages,
    spread_passages,
)
from poet.results.copying import LENGTHS, NOVELTY, Copying, LongestMatch
from tests.attribution.shelf import indexed, letters


def measured(books: dict[str, str], samples: list[str], human: list[str], temperatures: tuple[float, ...]) -> Copying:
    """The metrics of `samples` by an index of `books`."""
    return copying_metrics(indexed(books), samples, human, temperatures=temperatures, extractable={"50": 0.25})


@given(st.lists(letters, min_size=1, max_size=3), st.lists(letters, min_size=1, max_size=3))
def test_metrics_equal_counts(texts, samples):
    books = {f"b{i}": text * 3 for i, text in enumerate(texts)}

    def occurs(passage):
        return any(passage in book for book in books.values())

    metrics = measured(books, samples, [], ()).samples
    for length in LENGTHS:
        covered = 0
        for sample in samples:
            marks = set()
            for start in range(len(sample) - length + 1):
                if occurs(sample[start : start + length]):
                    marks.update(range(start, start + length))
            covered += len(marks)
        assert metrics.share_at[length] == pytest.approx(covered / sum(map(len, samples)))
    for n in NOVELTY:
        grams = [sample[i : i + n] for sample in samples for i in range(len(sample) - n + 1)]
        new = sum(not occurs(gram) for gram in grams) / len(grams) if grams else None
        assert metrics.novelty[n] == (new if new is None else pytest.approx(new))
    parts = [s[i:j] for s in samples for i in range(len(s)) for j in range(i + 1, len(s) + 1) if occurs(s[i:j])]
    assert metrics.longest == max(map(len, parts), default=0)
    assert (metrics.longest_match is None) == (not parts)
    if match := metrics.longest_match:
        assert len(match.text) == metrics.longest
        assert match.text in samples[match.sample]
        assert books[match.book][match.start :].startswith(match.text)


def test_metrics_are_given_by_temperature_and_beside_human_text():
    books = {"a": "the quick brown fox jumps over the lazy dog and runs away"}
    samples = ["the quick brown fox jumps over the lazy", "x" * 39, "x" * 30 + "quick bro"]
    copying = measured(books, samples, ["y" * 39], (0.5, 1.0, 1.0))
    assert copying.by_temperature.keys() == {"0.5", "1"}
    assert copying.by_temperature["0.5"].share_at[30] == copying.by_temperature["0.5"].excess == 1.0
    assert copying.by_temperature["1"].longest_match == LongestMatch(book="a", start=4, text="quick bro", sample=2)
    assert copying.samples.excess == copying.samples.share_at[30] == pytest.approx(1 / 3)
    assert (copying.human.longest, copying.human.novelty[4], copying.human.excess) == (1, 1.0, None)
    assert copying.extractable == {"50": 0.25}


def test_the_excess_is_what_samples_copy_more_than_people():
    books = {"a": "the quick brown fox jumps over the lazy dog"}
    copying = measured(
        books, ["the quick brown fox jumps over", "x" * 30], ["fox jumps over the lazy dog" + "y" * 3], ()
    )
    assert (copying.samples.share_at[30], copying.human.share_at[30]) == (0.5, 0.0)
    copying = measured(
        books, ["the quick brown fox jumps over", "x" * 90], ["quick brown fox jumps over the", "y" * 30], ()
    )
    assert copying.samples.excess == 0.25 - 0.5


def test_without_human_text_there_is_no_excess():
    metrics = measured({"a": "abc"}, [], [], ()).samples
    assert (metrics.excess, metrics.longest, metrics.longest_match) == (None, 0, None)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=8))
def test_covered_characters(pairs):
    matches = sorted((start, start + length) for start, length in pairs)
    expected = {i for start, end in matches for i in range(start, end)}
    assert covered_characters(np.array(matches).reshape(-1, 2)) == len(expected)


def test_passages_are_spread_over_all_texts():
    assert spread_passages(["abcdef", "gh"], [3, 3]) == ["abc", "def"]
    assert spread_passages(["abc"], [9]) == ["abc"]
    assert spread_passages(["", "abcd"], [2, 2]) == ["ab", "cd"]
    assert spread_passages([], [2]) == spread_passages([""], [2]) == []


def test_human_passages_are_several_of_the_length_of_each_sample():
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 1000)))
    passages = human_passages([text], [7, 30])
    assert list(map(len, passages)) == [7] * HUMAN_PER_SAMPLE + [30] * HUMAN_PER_SAMPLE
    starts = [text.index(passage) for passage in passages]
    assert starts == [1000 * number // (2 * HUMAN_PER_SAMPLE) for number in range(2 * HUMAN_PER_SAMPLE)]
