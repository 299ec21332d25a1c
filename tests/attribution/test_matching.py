"""Spans against brute force, on random and adversarial texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.copying import LENGTHS, copying_metrics, covered_characters
from poet.attribution.index import build_index, open_index
from poet.attribution.matching import Source, find_spans
from poet.config import SplitSettings
from poet.errors import DataError
from tests.corpus.shelf import clean_shelf

SPLIT = SplitSettings(validation=0.1, held_out_books=["held"])

# Few letters, so that matches abound; é, ü share their first byte, 𝄞 has four, and the two emoji differ in the last.
letters = st.text(st.sampled_from("ab éü𝄞😀😁\n"), min_size=1, max_size=40)


def in_memory(books):
    """An index over whole texts, by the same steps as build_index but without files."""
    import pydivsufsort

    from poet.attribution.index import BOUNDARY, Index

    parts = [text.encode() + BOUNDARY for text in books.values()]
    text = np.frombuffer(b"".join(parts), dtype=np.uint8)
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
    return Index(text=text, suffixes=pydivsufsort.divsufsort(text.copy()), books=list(books), starts=starts)


def brute_force(books, text, min_length):
    """Every (start, end) that some book holds, long enough and inside no other."""
    held = lambda s, e: any(text[s:e] in book for book in books.values())  # noqa: E731
    longest = []
    for start in range(len(text)):
        end = start
        while end < len(text) and held(start, end + 1):
            end += 1
        longest.append((start, end))

    def inside_another(start, end):
        return any(s <= start and end <= e and (s, e) != (start, end) for s, e in longest)

    return [(s, e) for s, e in longest if e - s >= min_length and not inside_another(s, e)]


def places(book, passage):
    """Character offsets of all, also overlapping, occurrences."""
    return [i for i in range(len(book) - len(passage) + 1) if book[i : i + len(passage)] == passage]


@given(st.lists(letters, min_size=1, max_size=4), letters, st.integers(1, 5))
def test_spans_equal_brute_force(texts, query, min_length):
    books = {f"b{i}": text for i, text in enumerate(texts)}
    spans = find_spans(in_memory(books), query, min_length)
    assert [(span.start, span.end) for span in spans] == brute_force(books, query, min_length)
    for span in spans:
        found = {name: places(text, query[span.start : span.end]) for name, text in books.items()}
        expected = {Source(book=name, start=at[0], count=len(at)) for name, at in found.items() if at}
        assert set(span.sources) == expected
        assert span.shared == (len(expected) > 1)


def test_no_match_crosses_from_book_to_book():
    index = in_memory({"a": "one two", "b": "three four"})
    assert [(span.start, span.end) for span in find_spans(index, "one twothree four", 3)] == [(0, 7), (7, 17)]


def test_a_shared_passage_goes_to_the_book_of_the_span_before():
    index = in_memory({"a": "the sea, the sea", "b": "by night the sea"})
    spans = find_spans(index, "by night! the sea", 8)
    assert [(span.sources[0].book, span.shared) for span in spans] == [("b", False), ("b", True)]
    assert find_spans(index, "the sea", 4)[0].sources[0] == Source(book="a", start=0, count=2)


@pytest.mark.parametrize("text", ["", "x", "zzzz"])
def test_texts_without_a_match(text):
    assert find_spans(in_memory({"a": "abc"}), text, 1) == []


def test_the_index_holds_training_text_only(write_books, tmp_path):
    texts = write_books(one="alpha beta gamma delta " * 10 + "OMEGA", held="secret words")
    build_index(clean_shelf(texts, tmp_path), SPLIT, tmp_path / "index")
    index = open_index(tmp_path / "index")
    assert index.books == ["one"]
    assert find_spans(index, "alpha beta", 5)
    assert not find_spans(index, "OMEGA", 5)
    assert not find_spans(index, "secret", 5)


def test_a_damaged_index_is_named(write_books, tmp_path):
    build_index(clean_shelf(write_books(one="alpha beta"), tmp_path), SPLIT, tmp_path / "index")
    path = tmp_path / "index" / "suffixes.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"suffixes\.bin has \d+ bytes, expected"):
        open_index(tmp_path / "index")


@given(st.lists(letters, min_size=1, max_size=3), st.lists(letters, min_size=1, max_size=3))
def test_shares_equal_a_count_of_covered_characters(texts, samples):
    books = {f"b{i}": text * 3 for i, text in enumerate(texts)}
    metrics = copying_metrics(in_memory(books), samples, [])
    for length in LENGTHS:
        covered = 0
        for sample in samples:
            marks = set()
            for start in range(len(sample) - length + 1):
                if any(sample[start : start + length] in book for book in books.values()):
                    marks.update(range(start, start + length))
            covered += len(marks)
        assert metrics[f"share_at_{length}"] == pytest.approx(covered / sum(map(len, samples)))
    assert metrics["longest"] in (0, *range(min(LENGTHS), 41))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=8))
def test_covered_characters(pairs):
    matches = sorted((start, start + length) for start, length in pairs)
    assert covered_characters(matches) == len({i for start, end in matches for i in range(start, end)})
