"""Segments: complete, without overlap, of known kinds, and each rule with its limits."""

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.cleaning.segments import KINDS, Segment, segment
from poet.params.sections import Part
from tests.cleaning.frames import BODY, FOOTER_2008, HEADER_2008, PIECES


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_segments_are_the_text_in_known_kinds(text):
    parts = segment(text)
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert {part.kind for part in parts} <= set(KINDS)


def test_params_yaml_can_name_every_kind_but_the_body():
    assert {*typing.get_args(Part), "body"} == set(KINDS)


def found(text, kind):
    return [text[part.start : part.end] for part in segment(text) if part.kind == kind]


def test_a_text_without_frame_is_one_body():
    assert segment(BODY) == [Segment(kind="body", start=0, end=len(BODY))]
    assert segment("") == []


def test_header_and_footer_are_found_to_the_character():
    assert found(HEADER_2008 + BODY + FOOTER_2008, "licence") == [HEADER_2008, FOOTER_2008.removeprefix("\n")]
    assert found(HEADER_2008 + BODY + FOOTER_2008, "body") == [BODY + "\n"]


@pytest.mark.parametrize(
    ("text", "credits"),
    [
        ("Produced by A. Reader\n\n" + BODY, ["Produced by A. Reader\n\n"]),
        ("Thanks to all volunteers at pgdp.net\n\n" + BODY, ["Thanks to all volunteers at pgdp.net\n\n"]),
        ("Thanks to my mother.\n\n" + BODY, []),
        ("EMMA\n\nProduced by A. Reader\n\n" + BODY, []),
        ("Produced by A. Reader" + "\nand a long list" * 20 + "\n\n" + BODY, []),
    ],
    ids=["credit", "thanks in the trade", "thanks of the author", "after the first words of the book", "too long"],
)
def test_credits_are_the_first_short_paragraphs(text, credits):
    assert found(text, "credits") == credits


def test_a_transcriber_in_the_middle_of_a_long_book_is_a_character_of_it():
    note = "Transcriber's note\n\n"
    book = BODY * 60
    assert found(note + book, "transcriber_notes") != []
    assert found(book + note, "transcriber_notes") == [note]
    assert found(book + note + book, "transcriber_notes") == []


def test_a_bracket_that_is_closed_far_away_is_no_caption():
    near, far = "[Illustration: " + "x" * 2900 + "]\n", "[Illustration: " + "x" * 3100 + "]\n"
    assert found(BODY + near + BODY, "illustrations") == [near]
    assert found(BODY + far + BODY, "illustrations") == []


def test_a_marker_deep_inside_a_book_is_no_header():
    marker = "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\n"
    assert found("x" * 30_000 + "\n" + marker + BODY, "licence") == ["x" * 30_000 + "\n" + marker]
    assert found("x" * 41_000 + "\n" + marker + BODY, "licence") == []


def test_what_overlaps_a_winning_part_does_not_divide_it():
    """The footnote within the note is part of the note, which is one removal."""
    note = "Transcriber's note\n\nSpelling was kept.\n\n[1] Except here.\n\nAnd here.\n"
    assert found(BODY * 4 + note, "transcriber_notes") == [note]
    assert found(BODY * 4 + note, "footnotes") == []


def test_contents_extend_to_the_first_prose():
    contents = "CONTENTS\n\nI. Night\n\nII. Day, a long title that fills the line as prose would do\n\n\n"
    prose = "It was a dark night, and the wind blew from the sea over the house.\n" * 3 + "So it was.\n\n"
    assert found(contents + "CHAPTER I\n\n" + prose * 20, "contents") == [contents]


def test_footnotes_include_their_indented_paragraphs():
    notes = "FOOTNOTES:\n\n[1] See below.\n\n  And above, in the second paragraph.\n\n[2] See above.\n\n"
    assert found(BODY + notes + "CHAPTER II\n\n" + BODY, "footnotes") == [notes]
