"""Quality: words, odd characters, and the language of a text."""

import pytest

from poet.books.manifest import CleanBook, read_manifest
from poet.cleaning.quality import measure_quality
from tests.cleaning.shelf import clean_shelf

LANGUAGES = {
    "en": "It was the best of times and she was not to be seen with him, for they had but this in which you were",
    "de": "Es war die beste aller Zeiten und der Mann hat sich nicht mit dem Hund auf eine Reise von hier aus gemacht",
    "fr": "Il était une fois dans les bois une fille qui ne savait pas que des loups sont sur les chemins avec vous",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_guessed_from_small_words(language):
    quality = measure_quality((LANGUAGES[language] + "\n") * 20)
    assert quality.guess == language
    assert measure_quality(LANGUAGES[language]).guess == "", "too short to judge"


def test_a_list_of_names_has_no_language():
    names = "Elinor Marianne Edward Willoughby Brandon Fanny John Lucy Anne Robert\n" * 40
    assert measure_quality(names + "the of and\n").guess == ""


def test_quality_counts_words_and_odd_characters():
    quality = measure_quality("One two two. \ue000 \x85\n")
    assert (quality.words, quality.distinct_words) == (3, 2)
    assert quality.odd == {"U+E000": 1, "U+0085": 1}


def test_a_wrong_language_is_flagged(write_books, tmp_path):
    texts = write_books(**{"Reise - A. Autor - en": (LANGUAGES["de"] + "\n") * 30})
    (row,) = read_manifest(clean_shelf(texts, tmp_path) / "manifest.csv", CleanBook)
    assert "language-looks-de" in row.flags
