"""Undeclared charsets: texts in many languages, in every charset that Python has for them, come back as they were."""

from collections.abc import Iterator

import pytest

from poet.cleaning.charsets import CHARSETS
from poet.cleaning.decoding import read_text
from tests.cleaning.languages import TEXTS, text_of

# The scripts of their own, whose charset must be found although nobody says what the language is.
OTHER_SCRIPTS = ("ru", "uk", "bg", "el", "he", "ar", "th", "zh", "zh-hant", "ja", "ko")

# What must be right, by the issue that asked for detection.
SHARE_RIGHT = 0.95

# The shorter texts are the harder ones, and take a third of the time.
LENGTHS = [300, pytest.param(3000, marks=pytest.mark.slow)]


def written(language: str, characters: int) -> Iterator[tuple[str, str, bytes]]:
    """The text of `language` in each charset that can write it, except where the bytes are UTF-8 as well."""
    text = text_of(language, characters)
    for charset in sorted(CHARSETS):
        try:
            content = text.encode(charset)
        except UnicodeError:
            continue
        if content != text.encode("utf-8") and content.decode(charset).removeprefix("\ufeff") == text:
            yield text, charset, content


def is_right(text: str, charset: str, content: bytes, language: str) -> bool:
    """Whether `content` is decoded as `text`. What was guessed must be flagged, right or wrong."""
    read = read_text(content, "a.txt", language=language)
    assert read.decoding.rule in ("mark", "guessed"), charset
    if read.decoding.rule == "guessed":
        assert read.decoding.flags[0].startswith(f"encoding-guessed-{read.decoding.encoding}")
        assert 0 <= read.decoding.confidence <= 1
    return read.text == text


@pytest.mark.parametrize("characters", LENGTHS)
def test_scripts_of_their_own_need_no_language(characters):
    cases = [(*case, "") for each in OTHER_SCRIPTS for case in written(each, characters)]
    wrong = [case[1] for case in cases if not is_right(*case)]
    assert len(cases) > 120 and len(wrong) <= (1 - SHARE_RIGHT) * len(cases), wrong


@pytest.mark.parametrize("characters", LENGTHS)
def test_latin_letters_are_right_where_the_language_is_known(characters):
    cases = [(*case, each) for each in TEXTS if each not in OTHER_SCRIPTS for case in written(each, characters)]
    wrong = [(case[1], case[3]) for case in cases if not is_right(*case)]
    assert len(cases) > 200 and len(wrong) <= (1 - SHARE_RIGHT) * len(cases), wrong
