"""Findings, contributions and the order of samples, on a few made-up passages."""

import dataclasses

import pytest

from poet.report.findings import by_prompt, contributions, surprise_of_people, top_findings
from poet.report.highlight import Piece
from poet.report.passages import Passage, Place, Shelf, ShownBook, ShownSample, show_sample
from poet.results.attribution import AttributedSample, Source, Span
from tests.report.shelf import a_book, a_sample, made_up_results


def passage_of(number, text, surprise, *, exact=True, words=4.0):
    """A passage of the book `number`, with `words` words of running text."""
    place = Place(book=ShownBook(number=number, row=a_book(str(number))), start=0, heading="", share=0.0)
    return Passage(
        text=text,
        start=0,
        end=len(text),
        exact=exact,
        surprise=99.0,
        running_words=words,
        running_surprise=surprise,
        place=place,
        before="",
        match=text,
        after="",
        match_start=0,
        match_end=len(text),
        count=1,
        also=[],
        inside=[],
    )


SHELF = Shelf([], lambda book: "the text of a book " * 5)


def shown_sample(number, *passages, **changes):
    pieces = [Piece(text=passage.text, span=i) for i, passage in enumerate(passages)] + [Piece(text="...", span=None)]
    sample = a_sample("".join(piece.text for piece in pieces), sample=number, **changes)
    return ShownSample(sample=sample, pieces=pieces, passages=list(passages), verbatim=0.0, near=0.0)


def test_top_findings_are_the_most_surprising_and_none_repeats():
    one, two, three = passage_of(1, "to be", 5.0), passage_of(2, "or not", 9.0), passage_of(1, "To  be", 5.0)
    found = top_findings([shown_sample(0, one, two), shown_sample(1, three, passage_of(1, "x", 1.0))], 2, SHELF)
    assert [(finding.sample, finding.index) for finding in found] == [(0, 1), (0, 0)]
    again = passage_of(3, "or not or see", 4.0)
    assert len(top_findings([shown_sample(0, one, two, again)], 5, SHELF)) == 2, (
        "a better finding has most of its words"
    )
    assert top_findings([], 5, SHELF) == [] and top_findings([shown_sample(0, one)], 0, SHELF) == []


def test_a_finding_has_four_words_of_running_text_and_surprises_more_than_people():
    passages = [passage_of(1, "one", 9.0, words=3.5), passage_of(1, "two", 7.0), passage_of(1, "three", 5.0)]
    sample = shown_sample(0, *passages)
    assert [finding.index for finding in top_findings([sample], 5, SHELF)] == [1, 2]
    assert [finding.index for finding in top_findings([sample], 5, SHELF, least_surprise=5.0)] == [1]
    assert top_findings([sample], 5, SHELF, least_surprise=7.0) == [], "nothing exceeds what people repeat"


@pytest.mark.parametrize(("interval", "least"), [((-0.1, 0.1), 6.0), (None, 6.0), ((0.01, 0.1), 0.0)])
def test_the_surprise_of_people_counts_unless_the_model_copies_more(interval, least):
    running = made_up_results().copying.running_text
    samples = dataclasses.replace(running.samples, excess_interval=interval)
    assert surprise_of_people(dataclasses.replace(running, samples=samples, human_surprise=6.0)) == least


def test_a_finding_has_the_line_of_the_sample_over_that_of_the_book():
    text, book = "Fool.\nO, my good Lord,\nI have it not", "Enter.\nNow, O, my good lord,\nI have seen\nIt"
    row = AttributedSample(
        sample=0,
        spans=(),
        near=(
            Span(
                start=6,
                end=29,
                exact=False,
                surprise=30.0,
                sources=(Source(book="b", start=12, end=35, count=1),),
                running_words=5.0,
                running_surprise=30.0,
            ),
        ),
    )
    shelf = Shelf([a_book("b")], {"b": book}.__getitem__)
    (finding,) = top_findings([show_sample(shelf, a_sample(text), row, 9)], 5, shelf)
    assert "".join(piece.text for piece in finding.lines.sample) == "O, my good Lord,\nI have it not"
    assert "".join(piece.text for piece in finding.lines.book) == "Now, O, my good lord,\nI have seen"
    assert [piece.text for piece in finding.lines.sample if piece.differs] == ["Lord,", "it", "not"]
    assert [piece.text for piece in finding.lines.book if piece.differs] == ["Now,", "lord,", "seen"]
    assert "".join(piece.text for piece in finding.lines.sample if piece.matched) == "O, my good Lord,\nI have"


def test_contributions_count_the_tinted_characters():
    samples = [
        shown_sample(0, passage_of(2, "four", 1.0), passage_of(1, "eightone", 1.0), passage_of(2, "ab", 1, exact=False))
    ]
    found = contributions(samples)
    assert [(one.book.number, one.verbatim, one.near) for one in found] == [(1, 8, 0), (2, 4, 2)]
    assert [(one.verbatim_width, one.width) for one in found] == [(100, 100), (50, 75)]
    assert contributions([shown_sample(0)]) == []


def test_equal_contributions_are_in_the_order_of_the_books():
    samples = [shown_sample(0, passage_of(3, "four", 1.0), passage_of(1, "same", 1.0), passage_of(2, "more!", 1.0))]
    assert [one.book.number for one in contributions(samples)] == [2, 1, 3]


def test_samples_are_ordered_by_prompt_and_temperature():
    samples = [shown_sample(i, prompt="AB"[i % 2], temperature=(1.0, 0.5)[i // 2]) for i in range(4)]
    order = {
        prompt: {temperature: [shown.sample.sample for shown in found] for temperature, found in rows.items()}
        for prompt, rows in by_prompt(samples).items()
    }
    assert order == {"A": {0.5: [2], 1.0: [0]}, "B": {0.5: [3], 1.0: [1]}}
    assert list(order) == ["A", "B"] and list(order["A"]) == [0.5, 1.0]
