"""Words against a search for the places that a reader would not cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.words import Words

TEXTS = st.one_of(st.text(max_size=40), st.text(st.sampled_from("ab' -,天\u0301\u0e01\n1“”’"), max_size=40))


def words_of(text):
    words = Words(text)
    return [text[start:end] for start, end in zip(words.starts, words.ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'Tis lay'd to-night--my lord's", ["Tis", "lay'd", "to-night", "my", "lord's"]),
        ("don’t \u00adstop- and 'go'", ["don’t", "stop", "and", "go"]),
        ("天地 lux天", ["天", "地", "lux", "天"]),
        ("e\u0301te\u0301 हिन्दी می\u200cخواهم", ["e\u0301te\u0301", "हिन्दी", "می\u200cخواهم"]),
        ("ข้าว", ["ข้", "า", "ว"]),
    ],
)
def test_words(text, expected):
    assert words_of(text) == expected


@given(TEXTS)
def test_every_letter_is_in_one_word(text):
    words = Words(text)
    covered = [place for start, end in zip(words.starts, words.ends, strict=True) for place in range(start, end)]
    assert covered == sorted(set(covered)), "in order, none twice"
    assert {place for place, character in enumerate(text) if character.isalnum()} <= set(covered)


@given(TEXTS, st.integers(0, 40), st.integers(0, 40))
def test_snapped_is_the_longest_stretch_of_complete_words(text, one, other):
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    words = Words(text)
    inside = [(a, b) for a, b in zip(words.starts, words.ends, strict=True) if start <= a and b <= end]
    first, last = words.snap(start, end)
    assert start <= first <= last <= end
    if not inside:
        assert first == last
        return
    assert first <= inside[0][0] and inside[-1][1] <= last, "all complete words"
    assert [(a, b) for a, b in zip(words.starts, words.ends, strict=True) if a < last and b > first] == inside
    assert text[first:last] == text[first:last].strip()
