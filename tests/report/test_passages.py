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


def test_a_passage_is_shown_in_whole_words_with_its_context_and_place():
    shelf = Shelf(
        [a_book("158", source="gutenberg:x")], {"158": "He said, I will not go there again. " * 3}.__getitem__
    )
    # The sample has "id, I will not go th" of "aid, I will not go thus" in common with the book.
    row = attributed(span(1, 21, 41, 61, book="158", surprise=7.5, count=3))
    shown = show_sample(shelf, a_sample("aid, I will not go thus"), row, context=5)
    (passage,) = shown.passages
    assert (passage.text, passage.start, passage.end) == ("I will not go", 5, 18)
    assert (passage.before, passage.match, passage.after) == ("aid, ", "I will not go", " ther")
    assert (passage.match_start, passage.match_end) == (45, 58)
    assert passage.place.share == pytest.approx(45 / 108) and passage.count == 3 and passage.place.heading == ""
    assert passage.place.book.link == "https://www.gutenberg.org/ebooks/158"
    assert [(piece.text, piece.span) for piece in shown.pieces] == [
        ("aid, ", None),
        ("I will not go", 0),
        (" thus", None),
    ]
    assert shown.verbatim == pytest.approx(20 / 23) and shown.near == 0, "the shares are exact"


def test_a_word_that_begins_in_the_prompt_is_not_cut():
    shelf = Shelf([a_book("b")], {"b": "the lighthouse stood there"}.__getitem__)
    row = attributed(span(0, 17, 9, 26))
    for prompt, text in (("The light", "stood there"), ("The ", "house stood there")):
        (passage,) = show_sample(shelf, a_sample("house stood there", prompt=prompt), row, 3).passages
        assert passage.text == passage.match == text


def test_a_near_copy_shows_both_texts():
    shelf = Shelf([a_book("b")], {"b": "CHAPTER II\n\nIt was  the best\nof times."}.__getitem__)
    row = attributed(span(7, 15, 20, 28), span(0, 15, 12, 28, exact=False))
    shown = show_sample(shelf, a_sample("it was the best, no"), row, 3)
    (passage,) = shown.passages
    assert (passage.text, passage.match, passage.exact) == ("it was the best", "It was  the best", False)
    assert passage.place.heading == "CHAPTER II"
    assert (shown.verbatim, shown.near) == (pytest.approx(8 / 19), pytest.approx(7 / 19))
    (inside,) = passage.inside
    assert (inside.text, inside.match, inside.exact, inside.before) == ("the best", "the best", True, "")


def test_a_verbatim_passage_hides_a_near_copy_of_the_same_words():
    shelf = Shelf([a_book("b")], {"b": "I will go. " * 3}.__getitem__)
    row = attributed(span(0, 9, 0, 9), span(0, 11, 0, 11, exact=False))
    shown = show_sample(shelf, a_sample("I will go! x"), row, 3)
    (passage,) = shown.passages
    assert passage.exact and passage.inside == []
    assert shown.near == pytest.approx(2 / 12), "but it counts"


def test_only_the_most_surprising_passages_are_shown_in_context():
    shelf = Shelf([a_book("b")], {"b": "one two three four " * 10}.__getitem__)
    rows = [
        dataclasses.replace(
            attributed(span(0, 7, 19, 26, surprise=one), span(8, 18, 27, 37, surprise=two)), sample=number
        )
        for number, (one, two) in enumerate([(1.0, 6.0), (5.0, 2.0), (3.0, 4.0)])
    ]
    samples = [a_sample("one two three four", sample=number) for number in range(3)]

    def in_context(limit):
        settings = dataclasses.replace(shipped_params().report, passages_in_context=limit)
        passages = [one for shown in show_samples(shelf, samples, rows, settings) for one in shown.passages]
        assert len(passages) == 6 and all(passage.match for passage in passages)
        return {passage.surprise for passage in passages if passage.before}

    assert in_context(2) == {6.0, 5.0} and in_context(4) == {6.0, 5.0, 4.0, 3.0}
    assert len(in_context(6)) == len(in_context(7)) == 6
