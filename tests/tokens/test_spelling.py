"""The code of lost spellings: probabilities that add up to 1, and bits that follow from them."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.tokens.spelling import BORDER, CONTINUATIONS, Pairs, SpellingCode, count_pairs

words = st.lists(st.text("abcé ", min_size=1, max_size=5), max_size=8)


def counted(texts) -> Pairs:
    pairs: Pairs = Counter()
    count_pairs(pairs, texts)
    return pairs


@given(training=words)
def test_the_continuations_of_every_character_add_up_to_one(training):
    code = SpellingCode(counted(training))
    seen = {BORDER, *"".join(training)} if training else set()
    for before in {*seen, BORDER, "z"}:
        others = CONTINUATIONS - len(seen)
        total = sum(code.probability(before, character) for character in seen)
        assert total + others * code.probability(before, "\N{SNOWMAN}") == pytest.approx(1)


@given(training=words, word=st.text("abé☃", max_size=5))
def test_the_bits_of_a_word_are_those_of_its_characters(training, word):
    code = SpellingCode(counted(training))
    expected = -math.log2(code.probability(word[-1:] or BORDER, BORDER))
    for i, character in enumerate(word):
        expected -= math.log2(code.probability(word[i - 1] if i else BORDER, character))
    assert code.bits(counted([word])) == pytest.approx(expected)
    assert code.bits(counted([word, word])) == pytest.approx(2 * expected)
    assert code.bits(counted([])) == 0


def test_what_is_frequent_is_cheap():
    code = SpellingCode(counted(["the"] * 99 + ["tea"]))
    assert code.bits(counted(["the"])) < 1 < code.bits(counted(["tea"])) < 15 < code.bits(counted(["ταυ"]))
    # Without any training word, every continuation is equally likely.
    assert SpellingCode({}).bits(counted(["ab"])) == pytest.approx(3 * math.log2(CONTINUATIONS))
