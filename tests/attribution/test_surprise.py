"""The surprise of spans."""

import math

import pytest

from poet.attribution.normalise import normalise
from poet.attribution.spans import find_spans
from poet.attribution.surprise import surprise
from tests.attribution.shelf import indexed


def test_surprise_is_the_bits_of_the_complete_words_of_a_span():
    index = indexed({"a": "the cat the dog the end"})
    (span,) = find_spans(index, "xthe cat the dox", 5)
    assert (span.start, span.end) == (1, 15)  # "the cat the do", of which "the" is not a word of the text
    assert span.surprise == pytest.approx(-math.log2(1 / 6) - math.log2(3 / 6), abs=0.01)


def test_a_word_of_no_book_counts_as_one_occurrence():
    index = indexed({"a": "the cat the dog"})
    text = "the zebra"
    assert surprise(index, normalise(text), [(0, 3), (4, 9), (5, 9)]) == [1.0, 2.0, 0.0]


def test_a_book_without_words_can_be_indexed():
    index = indexed({"dots": ". . ."})
    assert len(index.word_hashes) == 0
    assert [span.surprise for span in find_spans(index, ". .", 3)] == [0.0]


def test_each_character_of_a_script_without_blanks_is_a_word():
    """As one word, a clause would be a word that occurs once; a passage inside it would surprise nobody."""
    index = indexed({"a": "天地玄黃，宇宙洪荒。日月\n盈昃 and words"})
    assert index.total_words == 14
    (bits,) = surprise(index, normalise("天地玄"), [(0, 3)])
    assert bits == pytest.approx(3 * math.log2(14), abs=0.01)
