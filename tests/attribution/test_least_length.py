"""The least length of a passage: four words of the language, at most twenty characters."""

import pytest

from poet.attribution.least_length import least_length
from tests.scripts import PROSE

SPACED = ("russian", "arabic", "hebrew", "greek", "finnish")


@pytest.mark.parametrize("language", SPACED)
def test_scripts_with_blanks_take_twenty(language):
    assert least_length([PROSE[language]]) == 20


@pytest.mark.parametrize("language", ["chinese", "japanese"])
def test_scripts_without_blanks_take_fewer(language):
    assert 8 <= least_length([PROSE[language]]) <= 11


def test_vowels_that_are_marks_part_no_words():
    assert least_length(["हिन्दी में लिखी हुई पुस्तक अच्छी है। "]) > 16
    assert least_length(["بِسْمِ اللَّهِ الرَّحْمَٰنِ الرَّحِيمِ "]) == 20


def test_a_shelf_of_two_languages_takes_the_average():
    assert least_length([PROSE["chinese"]]) < least_length([PROSE["chinese"], PROSE["greek"]]) < 20


def test_a_text_without_words_takes_twenty():
    assert least_length([]) == least_length(["... --- ..."]) == 20
