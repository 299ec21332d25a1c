"""Tints: whole words in one piece, the longest spans first."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poet.attribution.words import UNSPACED_LETTER, Words
from poet.report.highlight import LEAST_WORDS, cut_at_spans, lay_out
from poet.results.attribution import Span


def span(start, end, *, exact=True):
    return Span(start=start, end=end, exact=exact, surprise=0.0, sources=())


@st.composite
def text_and_spans(draw):
    alphabet = st.sampled_from("abé 'n-,\n1天地“”\u0301\u0e01\u0e31क\u093f")
    text = draw(st.one_of(st.text(alphabet, max_size=60), st.text(max_size=60)))
    count = draw(st.integers(0, 5))
    spans = []
    for _ in range(count if text else 0):
        start = draw(st.integers(0, len(text) - 1))
        spans.append(span(start, draw(st.integers(start + 1, len(text))), exact=draw(st.booleans())))
    return text, spans


def cuts_a_word(text, place):
    """Whether letters that are shown without a blank stand on both sides of `place`."""
    if not 0 < place < len(text):
        return False
    left, right = text[place - 1], text[place]
    unspaced = UNSPACED_LETTER.match(left) or UNSPACED_LETTER.match(right)
    return left.isalnum() and right.isalnum() and not unspaced


@given(text_and_spans(), st.sampled_from(["", "The ", "PAR"]))
@example(("AROLLES: I will", [span(0, 15)]), "P")
def test_no_tint_cuts_a_word_or_lies_outside_its_span(case, before):
    text, spans = case
    tints = lay_out(text, spans, before)
    for tint in tints:
        assert spans[tint.span].start <= tint.start < tint.end <= spans[tint.span].end
        for place in (tint.start, tint.end):
            assert not cuts_a_word(before + text, place + len(before))
        assert text[tint.start : tint.end] == text[tint.start : tint.end].strip()
        assert Words(text).count(tint.start, tint.end) >= LEAST_WORDS
    assert all(one.end <= other.start for one, other in itertools.pairwise(tints)), "no two overlap"
    assert len({tint.span for tint in tints}) == len(tints), "one tint for each span"


@given(text_and_spans())
def test_every_span_has_a_tint_or_is_inside_one_or_says_too_little(case):
    text, spans = case
    tints, words = lay_out(text, spans), Words(text)
    listed = [tint.span for tint in tints] + [number for tint in tints for number in tint.inside]
    assert len(listed) == len(set(listed))
    shown = {words.between(one.start, one.end) for number, one in enumerate(spans) if number in listed}
    for number, one in enumerate(spans):
        start, end = words.snap(one.start, one.end)
        if number not in listed and words.count(start, end) >= LEAST_WORDS:
            assert words.between(start, end) in shown, "the same words are listed already"
        if words.count(start, end) < LEAST_WORDS:
            assert number not in listed


@given(text_and_spans())
def test_pieces_joined_are_the_text(case):
    text, spans = case
    pieces = cut_at_spans(text, spans)
    assert "".join(piece.text for piece in pieces) == text and all(piece.text for piece in pieces)
    tints = lay_out(text, spans)
    assert [(one.text, one.span) for one in pieces if one.span is not None] == [
        (text[tint.start : tint.end], tint.span) for tint in tints
    ]


def test_the_longest_span_has_its_tint_in_one_piece():
    text = "to be or not to be that is the question"
    spans = [span(0, 18), span(3, 12), span(13, 26), span(13, 30), span(0, 18, exact=False)]
    tints = lay_out(text, spans)
    assert [(text[tint.start : tint.end], tint.span, tint.inside) for tint in tints] == [
        ("to be or not to be", 0, [1]),  # the near copy 4 has the same words
        ("that is the", 3, [2]),  # what is left of it
    ]


def test_a_rest_of_one_word_has_no_tint():
    text = "to be or not to be that"
    assert [(tint.span, tint.inside) for tint in lay_out(text, [span(0, 18), span(13, 23)])] == [(0, [1])]


@pytest.mark.parametrize(
    ("text", "found", "shown"),
    [
        ("PAROLLES\nHark you, sir.", (1, 18), "Hark you,"),
        ("\nO, my good Lord,\nI have", (0, 24), "O, my good Lord,\nI have"),
        ("And 'tis so,--that", (2, 16), "'tis so,--"),
        ("he lay'd it to-night on", (3, 19), "lay'd it"),
        ("“We shall see,” said", (0, 17), "“We shall see,”"),
        ("天地玄黃，宇宙洪荒。", (1, 8), "地玄黃，宇宙洪"),
        ("天地玄", (0, 3), None),
        ("हिन्दी में लिखी", (1, 15), "में लिखी"),
    ],
)
def test_a_span_is_shown_in_whole_words(text, found, shown):
    assert [text[tint.start : tint.end] for tint in lay_out(text, [span(*found)])] == ([shown] if shown else [])


# A sample of the default recipe on Shakespeare's plays, with the exact places of its spans in attribution.jsonl. Shown
# at these places, half of the tints cut a word ("ighness").
WRITTEN = (
    "OLIVIA's house. The Duchess of BIONDELLO'S house before the castle.\n\n[Enter DUKE ORSINO, and BIONDELLO]\n\n"
    "DUKE OF AUMERLE\nMy lord, you know the matter of your highness,\nI think you have heard it fires to you.\n\n"
    "DUKE OF YORK\nO, my good Lord,\nI have a dogor of your kingdom,"
)
FOUND = [(48, 70, True), (48, 77, False), (50, 77, True), (65, 89, True), (103, 130, True), (123, 143, False)]
FOUND += [(166, 191, False), (221, 246, False)]


def test_the_tints_of_a_sample():
    tints = lay_out(WRITTEN, [span(start, end, exact=exact) for start, end, exact in FOUND], "ACT I\n\nSCENE I. ")
    assert [(WRITTEN[tint.start : tint.end], tint.inside) for tint in tints] == [
        ("before the castle.\n\n[Enter", [0, 2]),
        ("DUKE ORSINO,", []),
        ("DUKE OF AUMERLE\nMy lord,", []),
        ("you know the", []),
        ("I think you have heard", []),
        ("O, my good Lord,\nI have", []),
    ]
