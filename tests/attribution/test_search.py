"""Searches of many passages at once against one after another."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.search import encode_query, intervals, longest_matches
from tests.attribution.shelf import indexed, letters

# Repeated, so that passages get longer than a window and suffixes many enough for keys.
repeated = st.tuples(letters, st.integers(1, 6)).map(lambda pair: pair[0] * pair[1])


@given(repeated, repeated)
def test_the_longest_match_of_every_start_is_that_of_brute_force(book, text):
    (shard,) = indexed({"a": book}).exact
    content, query = shard.text.tobytes(), text.encode()
    expected = []
    for start in range(len(query)):
        length = 0
        while start + length < len(query) and query[start : start + length + 1] in content:
            length += 1
        expected.append(length)
    starts = np.arange(len(query))
    assert longest_matches(shard, encode_query(text), starts).tolist() == expected


@given(repeated, repeated, st.integers(0, 30))
def test_the_intervals_are_those_of_single_searches(book, rest, length):
    (shard,) = indexed({"a": book}).exact
    text = book + rest
    size = len(text.encode())
    starts = np.arange(size)
    lengths = np.minimum(length, size - starts)
    low, high = intervals(shard, encode_query(text), starts, lengths)
    for i, (start, end) in enumerate(zip(starts, starts + lengths, strict=True)):
        passage = text.encode()[start:end]
        assert (low[i], high[i]) == (shard.interval(passage) if passage else (0, len(shard.text)))
