"""Spans of a text that grows are those that `find_spans` finds in the finished text, and in every text on the way."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.online import OnlineSpans
from poet.attribution.spans import find_spans
from tests.attribution.shelf import indexed, letters, mixed
from tests.texts import babble


def plain(spans):
    return [(span.start, span.end, span.sources) for span in spans]


def pieces_of(text, lengths):
    """`text` cut into pieces of these lengths, over and over."""
    start = number = 0
    while start < len(text):
        yield text[start : start + lengths[number % len(lengths)]]
        start += lengths[number % len(lengths)]
        number += 1


cuts = st.lists(st.integers(1, 7), min_size=1, max_size=5)


@given(st.lists(letters, min_size=1, max_size=4), letters, st.integers(1, 9), st.sampled_from([200, 1 << 30]), cuts)
def test_spans_equal_those_of_the_finished_text(texts, query, min_length, largest, lengths):
    """In one shard, and in about one for each book."""
    index = indexed({f"b{i}": text for i, text in enumerate(texts)}, largest)
    online = OnlineSpans(index, min_length)
    for piece in pieces_of(query, lengths):
        online.take(piece)
    online.take("", last=True)
    assert plain(online.spans) == plain(find_spans(index, query, min_length))


@given(st.lists(letters, min_size=1, max_size=3), letters, letters, st.integers(3, 30), cuts)
def test_so_do_long_and_overlapping_passages(texts, passage, rest, min_length, lengths):
    index = indexed({f"b{i}": (text + passage) * 3 + text for i, text in enumerate(texts)}, 700)
    query = rest + passage + texts[0] + passage + rest + passage * 2
    online = OnlineSpans(index, min_length)
    for piece in pieces_of(query, lengths):
        online.take(piece)
    online.take("", last=True)
    assert plain(online.spans) == plain(find_spans(index, query, min_length))


@pytest.mark.parametrize("min_length", [1, 4, 20])
def test_at_every_piece_they_are_those_of_the_text_so_far(min_length):
    """Where every character is searched at once. Else the last few characters may wait for the next piece."""
    books = {"winter": babble(1, 300), "mer": "naïve œuvres – 東京の空 " * 3}
    index, source = indexed(books), random.Random(5)
    texts = list(books.values())
    query = ""
    for _ in range(12):
        text = source.choice(texts)
        start = source.randrange(len(text))
        query += text[start : start + source.randrange(40)] + source.choice(["", " ", "é"])
    online, read, changes = OnlineSpans(index, min_length), "", 0
    for piece in pieces_of(query, [3, 1, 4]):
        before = online.spans
        read += piece
        changed = online.take(piece, last=True)
        assert changed == (online.spans is not before)
        changes += changed
        assert plain(online.spans) == plain(find_spans(index, read, min_length))
    assert online.spans and changes > len(online.spans)


def test_outside_passages_hardly_anything_is_searched(monkeypatch):
    """About one search for every `STEP`-th part of the least length; a text that is no copy needs no more."""
    index = indexed({"winter": babble(1, 900)})
    online, searches = OnlineSpans(index, 20), []
    monkeypatch.setattr(online, "_occurs", lambda start, end: searches.append((start, end)))
    for piece in pieces_of(babble(2, 90).replace("e", "x"), [3, 2]):
        online.take(piece)
    assert len(searches) < sum(map(len, pieces_of(babble(2, 90), [3, 2]))) / 4


def test_no_text_has_no_spans():
    online = OnlineSpans(indexed({"a": "abc"}), 2)
    assert not online.take("", last=True) and online.spans == ()
    assert not online.take("z\ud800z", last=True) and online.spans == ()


@given(st.lists(mixed, min_size=1, max_size=3), mixed, st.integers(1, 6), cuts)
def test_other_alphabets(texts, query, min_length, lengths):
    index = indexed({f"b{i}": text for i, text in enumerate(texts)}, 400)
    online = OnlineSpans(index, min_length)
    for piece in pieces_of(query, lengths):
        online.take(piece)
    online.take("", last=True)
    assert plain(online.spans) == plain(find_spans(index, query, min_length))
