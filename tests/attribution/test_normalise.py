"""The normalised view against the same steps on complete strings, and its way back to the original."""

import itertools
import re
import string
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.normalise import (
    PLAIN,
    SPACES,
    UNSPACED,
    WIDTHS,
    _begins_a_group,
    independent_parts,
    normalise,
)
from tests.attribution.shelf import mixed

texts = st.one_of(mixed, st.text(), st.text(st.characters(min_codepoint=0x300, max_codepoint=0x1FFF), max_size=12))


IS_UNSPACED = re.compile(f"[{UNSPACED}]")
ASCII_MARKS, OTHER_MARKS = set(string.punctuation), {chr(code) for code in range(0x2010, 0x2028)}


def joined(text):
    """`text` without each run of white space that has an eastern character beside it, or behind marks."""
    parts = re.split(r"(\s+)", text)
    for i in range(1, len(parts), 2):
        before, after = parts[i - 1], parts[i + 1]
        last = list(itertools.dropwhile((ASCII_MARKS | OTHER_MARKS).__contains__, reversed(before)))[:1]
        first = list(itertools.dropwhile(OTHER_MARKS.__contains__, after))[:1]
        if any(map(IS_UNSPACED.fullmatch, last + first)):
            parts[i] = ""
    return "".join(parts)


@given(texts)
def test_the_view_is_that_of_the_plain_definition(text):
    expected = unicodedata.normalize("NFC", joined(text).translate(WIDTHS)).translate(PLAIN).casefold()
    assert normalise(text).text == re.sub(" +", " ", re.sub("-+", "-", expected))


@given(texts)
def test_every_whole_character_stands_for_its_stretch_of_the_original(text):
    """Between two places where the origin moves on, the view is the view of that part of the original alone."""
    view = normalise(text)
    assert len(view.origin) == len(view.text) + 1
    assert view.origin[-1] == len(text)
    assert not text[: view.origin[0]].strip(), "only white space is dropped at the beginning"
    wholes = [0, *(i for i in range(1, len(view.origin)) if view.origin[i] > view.origin[i - 1])] if text else []
    for i, j in itertools.pairwise(wholes):
        alone = normalise(text[view.origin[i] : view.origin[j]]).text
        # A mark that stays with a dash or space which the one before has swallowed: the stretch still holds both.
        swallowed = view.text[i - 1] if i and view.text[i - 1] in "- " else ""
        # White space behind it that is dropped for what stands beyond.
        assert alone.rstrip(" ") in (view.text[i:j].rstrip(" "), (swallowed + view.text[i:j]).rstrip(" "))


@given(mixed, st.integers(1, 5))
def test_parts_can_be_normalised_independently(text, size):
    text *= 5
    parts = list(independent_parts(text, size))
    assert "".join(part for _, part in parts) == text
    assert all(text[start:].startswith(part) for start, part in parts)
    assert "".join(normalise(part).text for _, part in parts) == normalise(text).text
    assert [start + i for start, part in parts for i in normalise(part).origin[:-1]] == list(
        normalise(text).origin[:-1]
    )


def test_every_white_space_counts():
    assert set(SPACES) == {chr(code) for code in range(0x110000) if chr(code).isspace()}


def test_quotes_dashes_spaces_and_case_are_evened_out():
    assert normalise("‘It’s’ –  “ÉTÉ”--\r\n\tStraße").text == "'it's' - \"été\"- strasse"
    assert normalise("e\u0301").text == "é"


def test_line_ends_and_widths_of_chinese_and_japanese_are_evened_out():
    assert normalise("他說：\n　　“天，\r\n地！”\n\n“是").text == normalise("他說：“天，地！”“是").text
    assert normalise("（１９１１）天地．\n").text == normalise("(1911)天地。").text == "(1911)天地."
    assert normalise("「ガギ」、ー").text == normalise("｢ｶﾞｷﾞ｣､ｰ").text == '"ガギ",ー'
    # Korean writes blanks, and so do Latin words, of any width.
    assert normalise("한국 사람 ＡＢ　ＣＤ").text == "한국 사람 ab cd"


def test_the_scripts_without_blanks_are_chinese_and_japanese():
    assert all(IS_UNSPACED.fullmatch(letter) for letter in "天々〇𠀀かガーｶㄅ、。「』〈～（：！？・･")
    unspaced = [chr(code) for code in range(0x110000) if IS_UNSPACED.fullmatch(chr(code))]
    words = {unicodedata.name(letter, "CJK").split()[0] for letter in unspaced if letter.isalpha()}
    assert words <= {
        "CJK",
        "HIRAGANA",
        "KATAKANA",
        "BOPOMOFO",
        "HALFWIDTH",
        "IDEOGRAPHIC",
        "VERTICAL",
        "MASU",
        "KATAKANA-HIRAGANA",
    }
    assert not any(letter.isspace() for letter in unspaced)


def test_a_chinese_book_has_parts_too():
    text = "天地玄黃，宇宙洪荒。" * 100
    assert max(len(part) for _, part in independent_parts(text, 50)) < 60


def test_nothing_that_unicode_composes_or_reorders_begins_a_group():
    for letter in map(chr, range(0x110000)):
        parts = unicodedata.decomposition(letter).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            assert not _begins_a_group(chr(int(parts[1], 16)))
        if unicodedata.combining(letter):
            assert not _begins_a_group(letter)
    assert all(_begins_a_group(letter) for letter in "aé—“ß中가ᄀ")
