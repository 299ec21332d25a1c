"""A line of a sample over a line of a book: nothing is lost, and what is marked differs."""

import random
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.report.comparison import ELLIPSIS, MOST_CONTEXT, WINDOW, PassageAt, _equal_blocks, compare


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


def whole(text):
    return PassageAt(text=text, start=0, end=len(text))


words = st.lists(st.sampled_from("abcdef"), max_size=30)


@given(words, words)
def test_short_passages_are_aligned_at_once(ours, theirs):
    found = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    assert sorted(set(_equal_blocks(ours, theirs))) == [tuple(block) for block in found if block.size]


@pytest.mark.parametrize("changed", [0, 10])
def test_long_near_copies_are_aligned_in_time(changed):
    """Aligned at once, these would take minutes."""
    generator = random.Random(1)
    book = ["the", "sea", *(generator.choice("a b c d e f g h i j k l m n o p".split()) for _ in range(40_000))]
    sample = [word.upper() if changed and i % changed == 0 else word for i, word in enumerate(book)]
    found = compare(whole(" ".join(sample)), whole(" ".join(book)))
    differs = "".join(piece.text for piece in found.sample if piece.differs)
    assert differs == "".join(sample[::changed] if changed else [])


def test_words_that_only_one_side_has_do_not_stop_the_alignment():
    common = [f"w{number}" for number in range(3 * WINDOW)]
    added = [f"x{number}" for number in range(WINDOW // 3)]
    ours, theirs = common[:WINDOW] + added + common[WINDOW:], common
    for sides in ((ours, theirs), (theirs, ours)):
        assert sum(size for _, _, size in _equal_blocks(*sides)) == len(common)
