"""A line of a sample over a line of a book: nothing is lost, and what is marked differs."""

from hypothesis import given
from hypothesis import strategies as st

from poet.report.comparison import ELLIPSIS, MOST_CONTEXT, PassageAt, compare


@st.composite
def passages(draw):
    text = draw(st.text(st.sampled_from("ab \n天A"), max_size=40))
    start = draw(st.integers(0, len(text)))
    return PassageAt(text=text, start=start, end=draw(st.integers(start, len(text))))


@given(passages(), passages())
def test_compared_lines_are_the_lines(sample, book):
    found = compare(sample, book)
    for passage, pieces in ((sample, found.sample), (book, found.book)):
        assert "".join(piece.text for piece in pieces if piece.matched) == passage.text[passage.start : passage.end]
        first = passage.text.rfind("\n", 0, passage.start) + 1
        last = (passage.text + "\n").index("\n", passage.end)
        assert "".join(piece.text for piece in pieces) == passage.text[first:last]
        assert all(piece.text.strip() == piece.text for piece in pieces if piece.differs)

    # What does not differ is the same on both sides, and the same line differs nowhere.
    def common(pieces):
        return "".join("".join(piece.text for piece in pieces if not piece.differs).split())

    assert common(found.sample) == common(found.book)
    assert not any(piece.differs for piece in compare(sample, sample).book)


def test_a_long_line_is_cut_between_words():
    text = "before " * 50 + "the passage" + " after" * 50
    start = text.index("the passage")
    found = compare(PassageAt(text=text, start=start, end=start + 11), PassageAt(text="the passage", start=0, end=11))
    line = "".join(piece.text for piece in found.sample)
    assert line.startswith(ELLIPSIS + "before ") and line.endswith(" after" + ELLIPSIS)
    assert len(line) <= 2 * MOST_CONTEXT + 13
