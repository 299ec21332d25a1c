"""Spans against brute force, on random and adversarial texts."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poet.attribution.normalise import normalise
from poet.attribution.spans import attribute_text, count_running_words, find_near_spans, find_spans
from poet.results.attribution import Source, Span
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
    """Texts that were put together from each other: matches of many windows, overlapping, at the ends of books."""
    books = {f"b{i}": (text + passage) * 3 + text for i, text in enumerate(texts)}
    query = rest + passage + texts[0] + passage + rest + passage * 2
    found = find_spans(indexed(books, 700), query, min_length)
    assert [(span.start, span.end) for span in found] == brute_force(books, query, min_length)


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


def test_sources_do_not_depend_on_how_many_are_looked_up_at_once(monkeypatch):
    index = indexed({"a": "the sea, the sea, the sand", "b": "the sand, the sea", "c": "the land"}, 40)
    spans = find_spans(index, "the sea! the sand? the land", 4)
    assert sum(source.count for span in spans for source in span.sources) > 6
    for occurrences in (1, 2, 3):
        monkeypatch.setattr("poet.attribution.spans.OCCURRENCES_AT_ONCE", occurrences)
        assert find_spans(index, "the sea! the sand? the land", 4) == spans


def test_places_are_right_deep_inside_a_book(tmp_path):
    """Past many anchors, of both views."""
    book = "É — “tea”\n\n  and ß. " * 2000 + "Here IT  is"
    index = indexed({"x": "é" * 3000, "a": book})
    (span,) = find_spans(index, "Here IT  is", 10)
    assert span.sources[0].start == len(book) - 11
    (near,) = find_near_spans(index, "here it is", 10)
    assert (near.sources[0].start, near.sources[0].end) == (len(book) - 11, len(book))


def test_a_near_copy_is_found_and_not_taken_for_an_exact_one():
    index = indexed({"a": "He said: “I will   go --\nnow”, and went.", "b": "I will go"})
    found = attribute_text(index, 3, 'he said: "I will go — NOW"', 9)
    assert found.sample == 3
    assert [(span.start, span.end, span.exact) for span in found.spans] == [(10, 19, True)]
    (near,) = found.near
    assert (near.start, near.end, near.exact, near.shared) == (0, 26, False, False)
    assert near.sources == (Source(book="a", start=0, end=29, count=1),)


@example(["-A"], "。- a", 1)
@given(st.lists(mixed, min_size=1, max_size=3), mixed, st.integers(1, 6))
def test_near_spans_equal_brute_force(texts, query, min_length):
    """Matches of the normalised texts between whole original characters, less those that exact matches cover."""
    books = {f"b{i}": text for i, text in enumerate(texts)}
    views = [normalise(text).text for text in texts]
    view = normalise(query)
    edges = [i for i in range(len(view.origin)) if i == 0 or view.origin[i] != view.origin[i - 1]]
    ends = []
    for i in edges[:-1]:
        ends.append(max(j for j in edges if j >= i and (j == i or any(view.text[i:j] in text for text in views))))
    expected = []
    for number, (i, j) in enumerate(zip(edges, ends, strict=False)):
        start, end = int(view.origin[i]), int(view.origin[j])
        inner = query[start:end].strip()
        first = start + query[start:end].find(inner)
        exact = any(query[first : first + len(inner)] in text for text in texts)
        if j - i >= min_length and not exact and j > max(ends[:number], default=0):
            expected.append((start, end))
    found = find_near_spans(indexed(books, 150), query, min_length)
    assert [(span.start, span.end) for span in found] == expected
    for span in found:
        wanted = _part(view, span.start, span.end)
        for source in span.sources:
            assert 0 <= source.start <= source.end <= len(books[source.book])
            # The last letter that was found may be the half of one: "fi" of "ﬁ".
            assert wanted.strip() in _part(normalise(books[source.book]), source.start, source.end + 1)


def _part(view, start, end):
    """What the characters from `start` to `end` became in `view`; alone they may become another text, as in "。- a"."""
    return "".join(character for character, at in zip(view.text, view.origin, strict=False) if start <= at < end)


def test_a_copy_without_its_line_ends_is_one_near_copy():
    """A page of Chinese in another layout: full-width stops for ideographic ones, straight quotes, no line end."""
    book = "士隱已出前廳去了。\n　　這里雨村且翻弄書籍解悶，忽听得窗外有女\n子嗽聲。\n“你是誰？”\n　　“我是丫鬟。”\n"
    index = indexed({"a": "甲乙" + book + "丙丁"})
    copy = book.replace("\n", "").replace("\u3000", "").replace("。", "．").translate({0x201C: "「", 0x201D: "」"})
    (near,) = find_near_spans(index, copy, 8)
    assert (near.start, near.end) == (0, len(copy))
    assert (near.sources[0].start, near.sources[0].end) == (2, 2 + len(book))
    assert near.surprise > 40


def test_running_words_of_many_spans_are_counted_in_time():
    """If each span looked at all stretches of running text behind it, these would take minutes."""
    many = 60_000
    text = "a " * many
    spans = [Span(start=start, end=start + 3, exact=True, surprise=0.0, sources=()) for start in range(0, 2 * many, 2)]
    counted = count_running_words(indexed({"a": "a"}), text, spans, np.arange(2 * many) % 2 == 0)
    # Each has two words, the last one has one.
    assert [span.running_words for span in counted] == [2.0] * (many - 1) + [1.0]
