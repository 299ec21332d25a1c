"""Endings: a stream that is cut at any places ends where the whole text would."""

from hypothesis import example, given
from hypothesis import strategies as st

from poet.generation.ending import Ending, end_at, end_with_line
from poet.generation.stream import LAST_LINE, stream_texts
from poet.params.sampling import SamplingParams
from tests.generation.test_stream import TRAINED

few = st.text("ab \n", max_size=40)


def expected(ending, prompt, text):
    """By brute force: the longest beginning of `text` that has not passed an end."""
    ends = [len(text)]
    begun = prompt.rpartition("\n")[2]
    for at, character in enumerate(text):
        written = [line for line in (begun + text[:at]).split("\n") if line.strip()]
        if ending.lines and character == "\n" and len(written) == ending.lines:
            ends.append(at)
    # Words that are complete with that line end, or before.
    written = text[: min(ends) + 1]
    if ending.until and ending.until in written:
        ends.append(written.index(ending.until))
    return text[: min(ends)]


@example(prompt="", pieces=["a\n", "a"], lines=1, until="a\na")
@example(prompt="", pieces=["a\na"], lines=1, until="a\na")
@given(prompt=few, pieces=st.lists(few, max_size=8), lines=st.integers(0, 4), until=st.text("ab\n", max_size=3))
def test_a_text_in_pieces_ends_where_the_whole_would(prompt, pieces, lines, until):
    ending = Ending(lines=lines, until=until)
    shown = list(end_at(ending, prompt, iter(pieces)))
    assert "".join(shown) == expected(ending, prompt, "".join(pieces))


def test_nothing_more_is_asked_for_after_the_end():
    asked = []
    pieces = (asked.append(piece) or piece for piece in ["one\n", "two", "\n", "three"])
    assert "".join(end_at(Ending(lines=2), "", pieces)) == "one\ntwo"
    assert asked == ["one\n", "two", "\n"]


@given(text=few, tokens=st.integers(0, 12))
def test_a_text_goes_on_to_the_end_of_its_line(text, tokens):
    pieces = [(number, character) for number, character in enumerate(text, start=1)]
    shown = "".join(end_with_line(pieces, tokens))
    assert text.startswith(shown) and len(shown) >= min(tokens, len(text)) - shown.endswith("\n")
    assert "\n" not in shown[tokens:]
    # It stops before a line end, behind one, or at the end of everything.
    assert shown == text or text[len(shown)] == "\n" or shown.endswith("\n")


def test_several_texts_end_each_at_its_own_place():
    sampling = [SamplingParams(temperature=1.0, seed=seed) for seed in range(1, 6)]
    free = ["".join(pieces) for pieces in stream_texts(TRAINED, "ab", sampling, 200, ending=Ending(until="\0\0\0\0"))]
    ended = ["".join(pieces) for pieces in stream_texts(TRAINED, "ab", sampling, 200, ending=Ending(until=free[2][60]))]
    assert ended == [text.partition(free[2][60])[0] for text in free]
    assert len({len(text) for text in ended}) > 1


def test_a_line_without_an_end_is_cut():
    """This model writes bytes at random, so a line end is rare; and a text must end."""
    sampling = [SamplingParams(temperature=1.0, seed=seed) for seed in range(1, 5)]
    texts = ["".join(pieces) for pieces in stream_texts(TRAINED, "ab", sampling, 20)]
    longest = max(texts, key=lambda text: len(text.encode()))
    assert "\n" not in longest and 20 < len(longest.encode()) <= 20 + LAST_LINE
