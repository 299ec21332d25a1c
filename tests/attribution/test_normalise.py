"""The normalised view against the same steps on complete strings, and its way back to the original."""

import itertools
import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.normalise import PLAIN, SPACES, _begins_a_group, independent_parts, normalise
from tests.attribution.shelf import mixed

texts = st.one_of(mixed, st.text(), st.text(st.characters(min_codepoint=0x300, max_codepoint=0x1FFF), max_size=12))


@given(texts)
def test_the_view_is_that_of_the_plain_definition(text):
    expected = unicodedata.normalize("NFC", text).translate(PLAIN).casefold()
    assert normalise(text).text == re.sub(" +", " ", re.sub("-+", "-", expected))


@given(texts)
def test_every_whole_character_stands_for_its_stretch_of_the_original(text):
    """Between two places where the origin moves on, the view is the view of that part of the original alone."""
    view = normalise(text)
    assert len(view.origin) == len(view.text) + 1
    assert view.origin[-1] == len(text) and (not text or view.origin[0] == 0)
    wholes = [0, *(i for i in range(1, len(view.origin)) if view.origin[i] > view.origin[i - 1])] if text else []
    for i, j in itertools.pairwise(wholes):
        alone = normalise(text[view.origin[i] : view.origin[j]]).text
        # A mark that stays with a dash or space which the one before has swallowed: the stretch still holds both.
        swallowed = view.text[i - 1] if i and view.text[i - 1] in "- " else ""
        assert alone in (view.text[i:j], swallowed + view.text[i:j])


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


def test_nothing_that_unicode_composes_or_reorders_begins_a_group():
    for letter in map(chr, range(0x110000)):
        parts = unicodedata.decomposition(letter).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            assert not _begins_a_group(chr(int(parts[1], 16)))
        if unicodedata.combining(letter):
            assert not _begins_a_group(letter)
    assert all(_begins_a_group(letter) for letter in "aé—“ß中가ᄀ")
