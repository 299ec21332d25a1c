"""Sketches and overlaps, against the exact share of common runs of words."""

import re

import numpy as np
import pytest

from poet.cleaning.duplicates import SHINGLE_WORDS, Sketch, find_overlaps, sketch
from tests.texts import babble


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1)}


def test_sketches_estimate_the_shared_share():
    one, other = babble(1, 30_000), babble(2, 30_000)
    joint = one[: len(one) // 4] + other
    exact = len(shingles(one) & shingles(joint)) / len(shingles(one))
    (found,) = find_overlaps({"one": sketch(one), "joint": sketch(joint)})
    assert (found.book, found.other) == ("one", "joint")
    assert found.share == pytest.approx(exact, abs=0.03)
    assert find_overlaps({"one": sketch(one), "other": sketch(other)}) == []


def test_a_sketch_has_one_of_32_shingles():
    text = babble(1, 30_000)
    hashes = sketch(text).hashes
    assert len(hashes) == pytest.approx(len(shingles(text)) / 32, rel=0.1)
    assert hashes.dtype == np.uint64 and (np.diff(hashes) > 0).all()


def test_case_punctuation_and_line_breaks_make_no_difference_but_order_does():
    text = babble(1, 3000)
    same = text.upper().replace(".", ";").replace("\n", "  ")
    assert (sketch(same).hashes == sketch(text).hashes).all()
    backwards = " ".join(reversed(re.findall(r"\w+", text)))
    assert not set(sketch(backwards).hashes) & set(sketch(text).hashes)


def test_the_later_of_two_equal_books_counts_as_the_smaller():
    text = babble(1, 3000)
    (found,) = find_overlaps({"one": sketch(text), "two": sketch(text)})
    assert (found.book, found.other, found.share) == ("two", "one", 1.0)


def test_a_text_of_a_few_words_overlaps_with_nothing():
    few = sketch("too few words")
    assert isinstance(few, Sketch) and len(few.hashes) == 0
    assert find_overlaps({"few": few, "also": few, "one": sketch(babble(1, 3000))}) == []
