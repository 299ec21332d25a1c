"""Cleaning: what is removed, what remains, what is refused, and what is recorded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poet.cleaning.decoding import decode
from poet.errors import CleaningError, PoetError
from tests.cleaning.frames import ALL_PARTS, BODY, FOOTER_2008, HEADER_2008, PIECES, VINTAGES, cleaned
from tests.recipes import CLEAN


@pytest.mark.parametrize("vintage", VINTAGES)
def test_the_frame_of_each_vintage_goes_and_the_body_stays(vintage):
    before, after = VINTAGES[vintage]
    result = cleaned(before + "\n\n" + BODY + after)
    assert result.text == BODY.strip("\n") + "\n"
    assert result.flags == ()
    assert sum(removal.characters for removal in result.removals) == result.removed_characters > 0


def test_every_removal_is_recorded():
    before, after = VINTAGES["2010, notes at both ends"]
    removals = cleaned(before + BODY + after).removals
    assert [(removal.rule, removal.first_words, removal.last_words) for removal in removals] == [
        ("licence", "The Project Gutenberg EBook of Emma,", "THIS PROJECT GUTENBERG EBOOK EMMA ***"),
        ("credits", "Produced by Someone", "Produced by Someone"),
        ("transcriber_notes", "TRANSCRIBER'S NOTE: Italics are _so_.", "TRANSCRIBER'S NOTE: Italics are _so_."),
        ("transcriber_notes", "Transcriber's Notes Hyphens were kept. All", "Hyphens were kept. All else too."),
        ("licence", "End of the Project Gutenberg EBook", "Project Gutenberg-tm is a registered trademark"),
    ]


FRONT = (
    "CONTENTS\n\nI. Night\nII. Day\n\n\n\nPREFACE\n\n"
    + "Some words of thanks to all who helped this little book along.\n" * 4
)
BACK = "\n\nFOOTNOTES:\n\n[1] See below.\n\n[2] See above.\n\n\n\nINDEX\n\nNight, 1\n"


@pytest.mark.parametrize(
    ("part", "gone", "kept"),
    [
        ("contents", "II. Day", "PREFACE"),
        ("prefaces", "Some words of thanks", "II. Day"),
        ("footnotes", "[2] See above.", "INDEX"),
        ("index", "Night, 1", "[2] See above."),
    ],
)
def test_parts_of_the_book_stay_unless_someone_drops_them(part, gone, kept):
    text = FRONT + "\n\n\n" + BODY * 4 + BACK
    assert gone in cleaned(text).text
    result = cleaned(text, drop=[part])
    assert gone not in result.text and kept in result.text
    assert result.text.count("dark night") == 120
    assert {removal.rule for removal in result.removals} == {part}


def test_brackets_that_share_a_line_with_the_text_stay():
    text = (
        BODY
        + "He saw [Illustration: a ship] at sea.\n[Illustration] said the caption.\n\n[Illustration: open\n\n"
        + BODY
    )
    assert cleaned(text).text == text.strip("\n") + "\n"


def test_an_author_who_gives_thanks_is_no_transcriber():
    text = "Special thanks are due to my mother.\n\nThe reader may wonder.\n\n" + BODY
    assert cleaned(text).text.startswith("Special thanks")


def test_parts_that_were_put_together_keep_their_middle():
    joint = "\nEnd of Project Gutenberg's Emma, Part 1, by Jane Austen\n\n"
    result = cleaned(HEADER_2008 + BODY + joint + BODY + FOOTER_2008)
    assert result.text.count("dark night") == 60
    assert "Gutenberg" not in result.text


def test_a_licence_in_the_middle_is_refused_by_name():
    with pytest.raises(CleaningError, match=r"a\.txt: a line of the Gutenberg licence would remain \(rule 'licence'\)"):
        cleaned(HEADER_2008 + BODY + "Project Gutenberg-tm License\n\n" + BODY * 60 + FOOTER_2008)


def test_a_book_that_would_lose_too_much_is_refused_by_rule():
    text = HEADER_2008 + BODY + "[Illustration: " + "x" * 600 + "]\n" + FOOTER_2008
    with pytest.raises(
        CleaningError, match=r"only 989 of the 1,6\d\d characters.*the rule 'illustrations' takes 6\d\d"
    ):
        cleaned(text)
    assert cleaned(text, minimum_kept=0.5).text


def test_a_text_without_markers_stays_and_is_flagged():
    result = cleaned(BODY)
    assert (result.text, result.removals, result.flags) == (BODY.strip("\n") + "\n", (), ("no-markers",))


def test_unwrapping_joins_prose_and_leaves_verse():
    prose = "It was the best of times, it was the worst of times,\nit was the age of wisdom.\n"
    verse = "Tyger Tyger, burning bright,\nIn the forests of the night;\n"
    result = cleaned(prose + "\n" + verse + "\n" + BODY, unwrap=True)
    assert result.text.startswith(prose.replace("\n", " ").strip() + "\n\n" + verse)


documents = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(PIECES), max_size=25).map(lambda pieces: "".join(pieces).encode("utf-8")),
)


@given(content=documents, drop=st.sampled_from([CLEAN.drop, ALL_PARTS, []]))
@settings(max_examples=400)
def test_any_document_is_cleaned_or_refused_and_nothing_is_invented(content, drop):
    try:
        once = cleaned(content, drop=drop, minimum_kept=0.0).text
    except PoetError:
        return
    lines = {line.rstrip() for line in decode(content, "a.txt").split("\n")}
    assert set(once.split("\n")) <= lines | {""}
    assert cleaned(once, drop=drop, minimum_kept=0.0).text == once
