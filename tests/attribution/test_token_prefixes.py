"""Token prefixes against cutting every token by itself."""

from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.token_prefixes import token_prefixes
from poet.attribution.utf8 import character_ends

# Whole characters, parts of them, and a token longer than a window.
tokens = st.lists(
    st.sampled_from(["a", "ab", "é", "a" * 12, "aé€b"]).map(str.encode) | st.binary(max_size=3), max_size=8
)


@given(tokens, st.integers(0, 3))
def test_every_token_has_the_prefix_of_its_first_characters(tokens, missing):
    by_characters = token_prefixes(tokens, missing)
    ends = [character_ends(token, missing) for token in tokens]
    assert len(by_characters) == max(map(len, ends), default=0)
    for characters, found in enumerate(by_characters, start=1):
        expected = [
            token[: end[characters - 1]] if len(end) >= characters else None
            for token, end in zip(tokens, ends, strict=True)
        ]
        assert [[*found.prefixes, None][number] for number in found.of_token] == expected
        assert found.prefixes == sorted(set(expected) - {None})
        assert [found.prefixes[number] for number in found.long] == [one for one in found.prefixes if len(one) > 8]


@given(tokens)
def test_the_windows_enclose_all_windows_that_begin_with_the_prefix(tokens):
    for found in token_prefixes(tokens, missing=0):
        for prefix, least, greatest in zip(found.prefixes, found.least, found.greatest, strict=True):
            first = prefix[:8]
            assert least.item() == int.from_bytes(first + bytes(8 - len(first)))
            assert greatest.item() == int.from_bytes(first + b"\xff" * (8 - len(first)))
