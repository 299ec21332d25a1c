"""Frequent n-grams against a plain count of every substring."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.tokenizers.ngrams import frequent_ngrams


def counted(symbols, longest, min_frequency, count):
    """Brute force: all n-grams with their frequency, most covering first, then shorter, then alphabetical."""
    found = Counter(
        tuple(symbols[i : i + length]) for length in range(2, longest + 1) for i in range(len(symbols) - length + 1)
    )
    kept = [(gram, n) for gram, n in found.items() if n >= max(2, min_frequency)]
    return sorted(kept, key=lambda item: (-item[1] * len(item[0]), len(item[0]), item[0]))[:count]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@given(
    symbols=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    longest=st.integers(2, 6),
    min_frequency=st.integers(1, 4),
    count=st.integers(0, 30),
)
def test_ngrams_equal_a_plain_count(dtype, symbols, longest, min_frequency, count):
    found = frequent_ngrams(np.array(symbols, dtype=dtype), longest=longest, min_frequency=min_frequency, count=count)
    grams = [
        (tuple(symbols[start : start + length]), frequency)
        for start, length, frequency in zip(found.start, found.length, found.frequency, strict=True)
    ]
    assert grams == counted(symbols, longest, min_frequency, count)
