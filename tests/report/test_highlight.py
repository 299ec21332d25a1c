"""Cutting a text at its spans, against a search for the longest span at every character."""

from hypothesis import given
from hypothesis import strategies as st

from poet.report.highlight import TINY, Piece, cut_at_spans
from poet.results.attribution import Span


def span(start, end):
    return Span(start=start, end=end, exact=True, surprise=0.0, sources=())


@st.composite
def text_and_spans(draw):
    text = draw(st.text(max_size=60))
    count = draw(st.integers(0, 5))
    spans = []
    for _ in range(count if text else 0):
        start = draw(st.integers(0, len(text) - 1))
        spans.append(span(start, draw(st.integers(start + 1, len(text)))))
    return text, spans


@given(text_and_spans())
def test_pieces_joined_are_the_text_and_show_the_longest_span(case):
    text, spans = case
    pieces = cut_at_spans(text, spans)
    assert "".join(piece.text for piece in pieces) == text
    position = 0
    for piece in pieces:
        for i in range(position, position + len(piece.text)):
            covering = [index for index, span in enumerate(spans) if span.start <= i < span.end]
            # `max` returns the first of several equally long spans.
            assert piece.span == max(covering, key=lambda index: spans[index].length, default=None)
        position += len(piece.text)


@given(st.text(min_size=1))
def test_white_space_at_the_edges_is_apart(text):
    piece = Piece(text=text, span=0)
    assert piece.lead + piece.core + piece.trail == text
    if text.strip():
        assert not piece.lead.strip() and not piece.trail.strip() and piece.core == text.strip()


def test_a_tiny_piece_is_measured_without_its_white_space():
    assert Piece(text=" " * 9 + "a" * TINY, span=0).tiny
    assert not Piece(text="a" * (TINY + 1), span=0).tiny
