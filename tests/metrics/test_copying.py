"""Copying metrics against counts of marked characters and of n-grams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.metrics.copying import LENGTHS, NOVELTY, copying_metrics, covered_characters, cut_like
from tests.attribution.shelf import indexed, letters


@given(st.lists(letters, min_size=1, max_size=3), st.lists(letters, min_size=1, max_size=3))
def test_metrics_equal_counts(texts, samples):
    books = {f"b{i}": text * 3 for i, text in enumerate(texts)}

    def held(passage):
        return any(passage in book for book in books.values())

    metrics = copying_metrics(indexed(books), samples, [])
    for length in LENGTHS:
        covered = 0
        for sample in samples:
            marks = set()
            for start in range(len(sample) - length + 1):
                if held(sample[start : start + length]):
                    marks.update(range(start, start + length))
            covered += len(marks)
        assert metrics[f"share_at_{length}"] == pytest.approx(covered / sum(map(len, samples)))
    for n in NOVELTY:
        grams = [sample[i : i + n] for sample in samples for i in range(len(sample) - n + 1)]
        new = sum(not held(gram) for gram in grams) / len(grams) if grams else None
        assert metrics["novelty"][str(n)] == (new if new is None else pytest.approx(new))
    parts = [s[i:j] for s in samples for i in range(len(s)) for j in range(i + 1, len(s) + 1) if held(s[i:j])]
    assert metrics["longest"] == max(map(len, parts), default=0)
    if match := metrics["longest_match"]:
        assert len(match["text"]) == metrics["longest"]
        assert match["text"] in samples[match["sample"]]
        assert books[match["book"]][match["start"] :].startswith(match["text"])


def test_figures_stand_by_temperature_and_beside_human_text():
    index = indexed({"a": "the quick brown fox jumps over the lazy dog and runs away"})
    samples = ["the quick brown fox jumps over the lazy", "x" * 39, "x" * 30 + "quick bro"]
    metrics = copying_metrics(index, samples, ["y" * 39], [0.5, 1.0, 1.0])
    assert metrics["by_temperature"]["0.5"]["share_at_30"] == 1.0
    assert metrics["by_temperature"]["0.5"]["excess_at_30"] == 1.0
    assert metrics["by_temperature"]["1"]["longest_match"] == {
        "book": "a",
        "start": 4,
        "text": "quick bro",
        "sample": 2,
    }
    assert metrics["excess_at_30"] == metrics["share_at_30"] == pytest.approx(1 / 3)
    assert metrics["held_out"]["longest"] == 1 and metrics["held_out"]["novelty"]["4"] == 1.0


def test_without_human_text_there_is_no_excess():
    metrics = copying_metrics(indexed({"a": "abc"}), [], [])
    assert metrics["excess_at_30"] is None and metrics["longest"] == 0 and metrics["longest_match"] is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=8))
def test_covered_characters(pairs):
    matches = sorted((start, start + length) for start, length in pairs)
    expected = {i for start, end in matches for i in range(start, end)}
    assert covered_characters(np.array(matches).reshape(-1, 2)) == len(expected)


def test_passages_are_cut_to_the_same_lengths_all_over_the_texts():
    assert cut_like(["abcdef", "gh"], [3, 3]) == ["abc", "def"]
