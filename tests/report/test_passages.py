"""Passages with their place and context, and which of them a page shows."""

import dataclasses

import pytest

from poet.report.passages import Shelf, show_sample, show_samples
from poet.results.attribution import AttributedSample, Source, Span
from tests.report.shelf import a_book, a_sample, shipped_params


def span(start, end, source_start, source_end, *, book="b", exact=True, surprise=9.0, count=1):
    source = Source(book=book, start=source_start, end=source_end, count=count)
    return Span(start=start, end=end, exact=exact, surprise=surprise, sources=(source,))


def attributed(*spans):
    exact, near = ([span for span in spans if span.exact is exact] for exact in (True, False))
    return AttributedSample(sample=0, spans=tuple(exact), near=tuple(near))


def test_a_passage_is_shown_with_its_context_and_place():
    shelf = Shelf([a_book("158", source="gutenberg:x")], {"158": "0123456789" * 10}.__getitem__)
    row = attributed(span(1, 4, 52, 55, book="158", surprise=7.5, count=3))
    shown = show_sample(shelf, a_sample("x234y"), row, context=5)
    (passage,) = shown.passages
    assert (passage.before, passage.match, passage.after) == ("78901", "234", "56789")
    assert passage.place.share == 0.52 and passage.count == 3 and passage.place.heading == ""
    assert passage.place.book.link == "https://www.gutenberg.org/ebooks/158"
    assert shown.verbatim == pytest.approx(3 / 5) and shown.near == 0


def test_a_near_copy_shows_both_texts():
    shelf = Shelf([a_book("b")], {"b": "CHAPTER II\n\nIt was  the best\nof times."}.__getitem__)
    row = attributed(span(7, 12, 20, 25), span(0, 15, 12, 28, exact=False))
    shown = show_sample(shelf, a_sample("it was the best, no"), row, 3)
    (passage,) = shown.passages
    assert (passage.text, passage.match, passage.exact) == ("it was the best", "It was  the best", False)
    assert passage.place.heading == "CHAPTER II"
    assert (shown.verbatim, shown.near) == (pytest.approx(5 / 19), pytest.approx(10 / 19))


def test_a_near_copy_of_which_next_to_nothing_is_visible_is_left_out():
    shelf = Shelf([a_book("b")], {"b": "abcdefgh" * 3}.__getitem__)
    row = attributed(span(0, 8, 0, 8), span(2, 10, 0, 8, exact=False))
    shown = show_sample(shelf, a_sample("abcdefghAB"), row, 3)
    assert [passage.exact for passage in shown.passages] == [True]
    assert shown.near == pytest.approx(0.2), "but it counts"


def test_only_the_most_surprising_passages_are_shown_in_context():
    shelf = Shelf([a_book("b")], {"b": "0123456789" * 10}.__getitem__)
    rows = [
        dataclasses.replace(attributed(span(0, 2, 5, 7, surprise=one), span(2, 4, 7, 9, surprise=two)), sample=number)
        for number, (one, two) in enumerate([(1.0, 6.0), (5.0, 2.0), (3.0, 4.0)])
    ]
    samples = [a_sample("5678", sample=number) for number in range(3)]

    def in_context(limit):
        settings = dataclasses.replace(shipped_params().report, passages_in_context=limit)
        passages = [one for shown in show_samples(shelf, samples, rows, settings) for one in shown.passages]
        assert len(passages) == 6 and all(passage.match for passage in passages)
        return {passage.surprise for passage in passages if passage.before}

    assert in_context(2) == {6.0, 5.0} and in_context(4) == {6.0, 5.0, 4.0, 3.0}
    assert len(in_context(6)) == len(in_context(7)) == 6
