"""Spans against brute force, on random and adversarial texts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.index import open_index
from poet.attribution.normalise import normalise
from poet.attribution.spans import Source, attribution_row, find_near_spans, find_spans, match_reaches, rising
from tests.attribution.shelf import brute_force, indexed, letters, mixed, places


@given(st.lists(letters, min_size=1, max_size=4), letters, st.integers(1, 9), st.sampled_from([200, 1 << 30]))
def test_spans_equal_brute_force(texts, query, min_length, largest):
    """In one shard, and in about one for each book."""
    books = {f"b{i}": text for i, text in enumerate(texts)}
    spans = find_spans(indexed(books, largest), query, min_length)
    assert [(span.start, span.end) for span in spans] == brute_force(books, query, min_length)
    for span in spans:
        passage = query[span.start : span.end]
        found = {name: places(text, passage) for name, text in books.items()}
        expected = [
            Source(book=name, start=at[0], end=at[0] + len(passage), count=len(at)) for name, at in found.items() if at
        ]
        assert sorted(span.sources, key=lambda source: source.book) == expected
        assert span.shared == (len(expected) > 1) and span.exact


@given(st.lists(letters, min_size=1, max_size=3), letters, letters, st.integers(8, 30))
def test_long_shared_passages_equal_brute_force(texts, passage, rest, min_length):
    """Texts that were put together from each other: matches of many words, overlapping, at the ends of books."""
    books = {f"b{i}": (text + passage) * 3 + text for i, text in enumerate(texts)}
    query = rest + passage + texts[0] + passage + rest + passage * 2
    found = find_spans(indexed(books, 700), query, min_length)
    assert [(span.start, span.end) for span in found] == brute_force(books, query, min_length)


@given(st.lists(letters, min_size=1, max_size=3), letters)
def test_every_start_reaches_as_far_as_brute_force(texts, query):
    books = {f"b{i}": text for i, text in enumerate(texts)}
    reaches = match_reaches(indexed(books, 200), query)
    for start, reach in enumerate(reaches):
        assert any(query[start:reach] in text for text in texts)
        assert reach == len(query) or not any(query[start : reach + 1] in text for text in texts)


@pytest.mark.parametrize("seed", range(5))
def test_long_copies_reach_as_far_as_brute_force(seed):
    """Pieces of all lengths up to a whole book, some with a letter changed, in a text of more starts than one search
    takes.
    """
    random = np.random.default_rng(seed)
    texts = ["".join(random.choice(list("ab é"), 3000)) for _ in range(3)] + ["a" * 700]
    query = "a" * 900
    while len(query) < 8000:
        text = texts[random.integers(4)]
        start = random.integers(len(text))
        piece = text[start : start + 2 ** random.integers(1, 12)]
        query += piece[:-1] + "é" if random.random() < 0.5 else piece
    expected, end = [], 0
    for start in range(len(query)):  # no match ends before one that begins earlier
        end = max(end, start)
        while end < len(query) and any(query[start : end + 1] in text for text in texts):
            end += 1
        expected.append(end)
    index = indexed(dict(zip("wxyz", texts, strict=True)), 4000)
    assert match_reaches(index, query).tolist() == expected
    starts = np.arange(len(query))
    kept = [(i, e) for i, e in zip(starts, expected, strict=True) if e - i >= 12 and (not i or e > expected[i - 1])]
    assert [(span.start, span.end) for span in find_spans(index, query, 12)] == kept


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(2, 5))
def test_rising_values_are_asked_once_and_found_all(steps, branches):
    values = np.cumsum(np.array(steps, dtype=np.int64))
    asked = []

    def value(numbers):
        asked.extend(numbers.tolist())
        return values[numbers]

    assert rising(value, len(values), branches).tolist() == values.tolist()
    assert len(asked) == len(set(asked))


def test_a_text_that_is_one_copy_is_searched_in_a_few_places():
    asked = []

    def value(numbers):
        asked.extend(numbers.tolist())
        return np.full(len(numbers), 10**6)

    rising(value, 10**6, branches=100)
    assert len(asked) < 1000


def test_no_match_crosses_from_book_to_book():
    index = indexed({"a": "one two", "b": "three four"})
    assert [(span.start, span.end) for span in find_spans(index, "one twothree four", 3)] == [(0, 7), (7, 17)]


def test_a_shared_passage_goes_to_the_book_of_the_span_before():
    index = indexed({"a": "the sea, the sea", "b": "by night the sea"})
    spans = find_spans(index, "by night! the sea", 8)
    assert [(span.sources[0].book, span.shared) for span in spans] == [("b", False), ("b", True)]
    assert find_spans(index, "the sea", 4)[0].sources[0] == Source(book="a", start=0, end=7, count=2)


@pytest.mark.parametrize("text", ["", "x", "zzzz", "\ud800"])
def test_texts_without_a_match(text):
    index = indexed({"a": "abc"})
    assert find_spans(index, text, 1) == find_near_spans(index, text, 1) == []


def test_sources_do_not_depend_on_how_many_are_told_at_once(monkeypatch):
    index = indexed({"a": "the sea, the sea, the sand", "b": "the sand, the sea", "c": "the land"}, 40)
    whole = find_spans(index, "the sea! the sand? the land", 4)
    assert sum(source.count for span in whole for source in span.sources) > 6
    for occurrences in (1, 2, 3):
        monkeypatch.setattr("poet.attribution.spans.OCCURRENCES", occurrences)
        assert find_spans(index, "the sea! the sand? the land", 4) == whole


def test_surprise_is_the_bits_of_the_whole_words_of_a_span():
    index = indexed({"a": "the cat the dog the end"})
    (span,) = find_spans(index, "xthe cat the dox", 5)
    assert (span.start, span.end) == (1, 15)  # "the cat the do", of which "the" is not a word of the text
    assert span.surprise == pytest.approx(-math.log2(1 / 6) - math.log2(3 / 6), abs=0.01)


def test_places_are_right_deep_inside_a_book(tmp_path):
    """Past many anchors, of both views."""
    book = "É — “tea”\n\n  and ß. " * 2000 + "Here IT  is"
    index = indexed({"x": "é" * 3000, "a": book})
    (span,) = find_spans(index, "Here IT  is", 10)
    assert span.sources[0].start == len(book) - 11
    (near,) = find_near_spans(index, "here it is", 10)
    assert (near.sources[0].start, near.sources[0].end) == (len(book) - 11, len(book))


def test_a_near_copy_is_found_and_told_from_an_exact_one():
    index = indexed({"a": "He said: “I will   go --\nnow”, and went.", "b": "I will go"})
    row = attribution_row(index, 3, 'he said: "I will go — NOW"', 9)
    assert row["sample"] == 3
    assert [(span["start"], span["end"], span["exact"]) for span in row["spans"]] == [(10, 19, True)]
    (near,) = row["near"]
    assert (near["start"], near["end"], near["exact"], near["shared"]) == (0, 26, False, False)
    assert near["sources"] == ({"book": "a", "start": 0, "end": 29, "count": 1},)


@given(st.lists(mixed, min_size=1, max_size=3), mixed, st.integers(1, 6))
def test_near_spans_equal_brute_force(texts, query, min_length):
    """Matches of the normalised texts between whole original characters, less those that exact matches cover."""
    books = {f"b{i}": text for i, text in enumerate(texts)}
    views = [normalise(text).text for text in texts]
    view = normalise(query)
    wholes = [i for i in range(len(view.origin)) if i == 0 or view.origin[i] != view.origin[i - 1]]
    reach = []
    for i in wholes[:-1]:
        reach.append(max(j for j in wholes if j >= i and (j == i or any(view.text[i:j] in text for text in views))))
    expected = []
    for number, (i, j) in enumerate(zip(wholes, reach, strict=False)):
        start, end = int(view.origin[i]), int(view.origin[j])
        inner = query[start:end].strip()
        first = start + query[start:end].find(inner)
        exact = any(query[first : first + len(inner)] in text for text in texts)
        if j - i >= min_length and not exact and j > max(reach[:number], default=0):
            expected.append((start, end))
    found = find_near_spans(indexed(books, 150), query, min_length)
    assert [(span.start, span.end) for span in found] == expected
    for span in found:
        wanted = normalise(query[span.start : span.end]).text
        for source in span.sources:
            assert 0 <= source.start <= source.end <= len(books[source.book])
            held = normalise(books[source.book][source.start : source.end + 1]).text
            assert wanted[1:-1] in held or "ss" in held or "fi" in held


def test_open_index_is_reused_from_its_files(tmp_path):
    """The same books give the same bytes."""
    from poet.attribution.build_index import index_books

    for name in ("one", "two"):
        index_books([("a", "some words, some more"), ("b", "and others")], tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 11
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)
    assert open_index(tmp_path / "two").books == ["a", "b"]
