"""Findings, contributions and the order of samples, on a few made-up passages."""

from poet.report.findings import by_prompt, contributions, top_findings
from poet.report.highlight import Piece
from poet.report.passages import Passage, Place, ShownBook, ShownSample
from tests.report.shelf import a_book, a_sample


def passage_of(number, text, surprise, *, exact=True):
    place = Place(book=ShownBook(number=number, row=a_book(str(number))), heading="", share=0.0)
    shared = {"before": "", "match": text, "after": "", "count": 1, "also": []}
    return Passage(text=text, exact=exact, surprise=surprise, place=place, **shared)


def shown_sample(number, *passages, **changes):
    pieces = [Piece(text=passage.text, span=i) for i, passage in enumerate(passages)] + [Piece(text="...", span=None)]
    sample = a_sample("".join(piece.text for piece in pieces), sample=number, **changes)
    return ShownSample(sample=sample, pieces=pieces, passages=list(passages), verbatim=0.0, near=0.0)


def test_top_findings_are_the_most_surprising_and_none_repeats():
    one, two, three = passage_of(1, "to be", 5.0), passage_of(2, "or not", 9.0), passage_of(1, "To  be", 5.0)
    found = top_findings([shown_sample(0, one, two), shown_sample(1, three, passage_of(1, "x", 1.0))], 2)
    assert [(finding.sample, finding.index) for finding in found] == [(0, 1), (0, 0)]
    again = passage_of(3, "or not or see", 4.0)
    assert len(top_findings([shown_sample(0, one, two, again)], 5)) == 2, "a better finding has most of its words"
    assert top_findings([], 5) == [] and top_findings([shown_sample(0, one)], 0) == []


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
