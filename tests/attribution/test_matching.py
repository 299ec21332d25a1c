"""Matching statistics against brute force, on random and adversarial texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.matching import evaluate_monotone, long_match_ends, match_ends, maximal_matches
from poet.attribution.search import encode_query
from tests.attribution.shelf import brute_force, brute_force_ends, indexed, letters


@given(st.lists(letters, min_size=1, max_size=3), letters)
def test_every_match_is_as_long_as_possible(texts, query):
    books = {f"b{i}": text for i, text in enumerate(texts)}
    ends = match_ends(indexed(books, 200), query)
    for start, end in enumerate(ends):
        assert any(query[start:end] in text for text in texts)
        assert end == len(query) or not any(query[start : end + 1] in text for text in texts)


@pytest.mark.parametrize("seed", range(5))
def test_long_copies_equal_brute_force(seed):
    """Passages of all lengths up to a complete book, some with a letter changed, in a text with more starts than one
    round of searches takes.
    """
    random = np.random.default_rng(seed)
    books = {name: "".join(random.choice(list("ab é"), 3000)) for name in "wxy"} | {"z": "a" * 700}
    query = "a" * 900
    while len(query) < 8000:
        text = books[random.choice(list(books))]
        start = random.integers(len(text))
        passage = text[start : start + 2 ** random.integers(1, 12)]
        query += passage[:-1] + "é" if random.random() < 0.5 else passage
    expected = brute_force_ends(books, query)
    index = indexed(books, 4000)
    assert match_ends(index, query).tolist() == expected
    kept = [(i, e) for i, e in enumerate(expected) if e - i >= 12 and (not i or e > expected[i - 1])]
    found = maximal_matches(long_match_ends(index.exact, encode_query(query), 12), 12)
    assert list(map(tuple, found.tolist())) == kept


@given(st.lists(letters, min_size=1, max_size=3), letters, st.integers(1, 20))
def test_long_matches_are_all_found(texts, query, min_length):
    books = {f"b{i}": text * 2 for i, text in enumerate(texts)}
    query = (query + texts[0]) * 2
    found = maximal_matches(long_match_ends(indexed(books).exact, encode_query(query), min_length), min_length)
    assert list(map(tuple, found.tolist())) == brute_force(books, query, min_length)


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(2, 5))
def test_a_monotone_function_is_evaluated_at_no_point_twice(steps, branches):
    values = np.cumsum(np.array(steps, dtype=np.int64))
    evaluated = []

    def function(points):
        evaluated.extend(points.tolist())
        return values[points]

    assert evaluate_monotone(function, len(values), branches).tolist() == values.tolist()
    assert len(evaluated) == len(set(evaluated))


def test_a_text_that_is_one_copy_is_searched_in_a_few_places():
    evaluated = []

    def function(points):
        evaluated.extend(points.tolist())
        return np.full(len(points), 10**6)

    evaluate_monotone(function, 10**6, branches=100)
    assert len(evaluated) < 1000


def test_no_matches_are_maximal_in_an_empty_text():
    assert maximal_matches(np.zeros(0, dtype=np.int64), 1).tolist() == []
