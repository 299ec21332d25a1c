"""The lines at the top of a page: whole lines of one sample, with its passages."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from poet.report.highlight import Piece
from poet.report.opening import CHARACTERS, LINES, _cut, _starts, choose_opening
from poet.report.passages import ShownSample
from tests.report.shelf import a_sample, made_up_results


def shown(text, number=0, temperature=1.0):
    pieces = [Piece(text=text, span=None)] if text else []
    sample = a_sample(text, sample=number, temperature=temperature)
    return ShownSample(sample=sample, pieces=pieces, passages=[], verbatim=0.0, near=0.0)


@given(st.lists(st.text(alphabet="ab \n", max_size=900), min_size=1, max_size=4))
def test_an_opening_is_a_part_of_a_sample_that_fits(texts):
    samples = [shown(text, number) for number, text in enumerate(texts)]
    opening = choose_opening(samples)
    if opening is None:
        assert not "".join(texts).strip()
        return
    text = "".join(piece.text for piece in opening.pieces)
    assert text in opening.shown.sample.text and len(text) <= CHARACTERS and len(text.splitlines()) <= LINES


def test_it_does_not_end_with_the_name_of_the_next_speaker():
    speech = "ROMEO\nWhat light through yonder window breaks?\n\n"
    opening = choose_opening([shown(speech * 2 + "JULIET\nAy me!\n\n" + "ROMEO\nShe speaks:\n" * 30)])
    assert "".join(piece.text for piece in opening.pieces).endswith("Ay me!")


def test_lines_with_passages_come_first_then_those_of_the_middle_temperature():
    results = made_up_results()
    quiet = [shown("no passage here\n" * 20, number=90 + i, temperature=t) for i, t in enumerate((0.6, 0.8, 1.0))]
    opening = choose_opening([*quiet, *results.samples])
    assert opening.passage is not None and opening.shown in results.samples
    assert choose_opening(quiet).shown.sample.temperature == 0.8
    assert choose_opening([]) is None


def test_the_passage_in_focus_is_the_most_surprising_one_in_sight():
    opening = choose_opening(made_up_results().samples)
    visible = {piece.span for piece in opening.pieces if piece.span is not None}
    surprise = {span: opening.shown.passages[span].running_surprise for span in visible}
    assert opening.passage == max(surprise, key=surprise.get)


def test_where_only_names_are_tinted_one_of_them_is_the_passage():
    """Lines with a tint do not say that nothing in them stands in a book."""
    results = made_up_results()
    one = next(one for one in results.samples if one.passages)
    names = [dataclasses.replace(passage, running_words=0) for passage in one.passages]
    opening = choose_opening([dataclasses.replace(one, passages=names)])
    tinted = {piece.span for piece in opening.pieces if piece.span is not None}
    assert tinted and opening.passage in tinted


@given(st.lists(st.text("ab", max_size=5), max_size=9), st.integers(0, 30), st.integers(0, 30))
def test_pieces_are_cut_where_their_characters_are(texts, start, end):
    pieces = [Piece(text=text, span=number) for number, text in enumerate(texts)]
    # Each character of the text, with the number of its piece.
    owners = [number for number, text in enumerate(texts) for _ in text][start:end]
    expected = [
        Piece(text="".join(texts)[start:end][owners.index(owner) :][: owners.count(owner)], span=owner)
        for owner in dict.fromkeys(owners)
    ]
    expected = [piece if piece.text == texts[piece.span] else Piece(text=piece.text, span=None) for piece in expected]
    assert _cut(pieces, _starts(pieces), start, end) == expected


def test_an_opening_of_many_paragraphs_is_chosen_in_time():
    """If every paragraph looked at all pieces of its sample, that would take minutes."""
    sample = shown("Ay.\n\n" * 30_000)
    pieces = [Piece(text="Ay.\n\n", span=None)] * 30_000
    opening = choose_opening([ShownSample(sample=sample.sample, pieces=pieces, passages=[], verbatim=0.0, near=0.0)])
    assert opening.pieces[0].text.startswith("Ay.")
