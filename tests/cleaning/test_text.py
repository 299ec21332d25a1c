"""Cleaning: what goes, what stays, what is refused, and what is told of it."""

import dataclasses
import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poet.books.manifest import CleanBook, read_manifest
from poet.cleaning.decoding import decode
from poet.cleaning.records import clean
from poet.cleaning.segments import KINDS, segment
from poet.cleaning.text import clean_text
from poet.errors import CleaningError, DataError, PoetError
from tests.cleaning.shelf import clean_shelf
from tests.recipes import CLEAN

BODY = "CHAPTER I\n\nIt was a dark night.\n\n" * 30


def cleaned(text, suffix=".txt", **changes):
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    return clean_text(content, suffix, "a.txt", dataclasses.replace(CLEAN, **changes))


HEADER_2008 = """The Project Gutenberg EBook of Emma, by Jane Austen

This eBook is for the use of anyone anywhere at no cost and with
almost no restrictions whatsoever.

Title: Emma

*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***
"""
FOOTER_2008 = """
End of the Project Gutenberg EBook of Emma, by Jane Austen

*** END OF THIS PROJECT GUTENBERG EBOOK EMMA ***

***** This file should be named 158.txt or 158.zip *****
Project Gutenberg-tm is a registered trademark
"""
VINTAGES = {
    "1991, small print at the top": (
        "**The Project Gutenberg Etext of Alice in Wonderland**\n\n***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN "
        'ETEXTS**START***\nWhy is this "Small Print!" statement here?\n\n'
        "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n",
        "\nEnd of Project Gutenberg Etext of Alice in Wonderland\n",
    ),
    "1998, credits after the small print": (
        "Project Gutenberg's Etext of Emma\n\n*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n\n\n"
        "This etext was prepared by An Anonymous Volunteer.\n\n",
        "\nEnd of The Project Gutenberg Etext of Emma\n",
    ),
    "2004, three stars without blanks": (
        "The Project Gutenberg eBook, Emma\n\n***START OF THE PROJECT GUTENBERG EBOOK EMMA***\n\n\n"
        "E-text prepared by Juliet Sutherland\nand the Project Gutenberg Online Distributed Proofreading Team\n\n",
        "\n***END OF THE PROJECT GUTENBERG EBOOK EMMA***\n\nProject Gutenberg-tm licence\n",
    ),
    "2008": (HEADER_2008 + "\nProduced by An Anonymous Volunteer\n\n", FOOTER_2008),
    "2010, notes at both ends": (
        HEADER_2008 + "\nProduced by Someone\n\n\nTRANSCRIBER'S NOTE:\n\nItalics are _so_.\n\n\n\n",
        "\n\nTranscriber's Notes\n\nHyphens were kept.\n\nAll else too.\n" + FOOTER_2008,
    ),
    "2024": (
        "\ufeffThe Project Gutenberg eBook of Emma\n    \nThis ebook is for the use of anyone anywhere\n\n"
        "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\n[Illustration: A\n\n[_Copyright_]]\n\n",
        "\n*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\nUpdated editions will replace the previous one\n",
    ),
    "header without a marker": (
        "The Project Gutenberg EBook of Emma, by Jane Austen\n\nThis eBook is for the use of anyone anywhere\n\n"
        "Title: Emma\n\nLanguage: English\n\n",
        "\nEnd of Project Gutenberg's Emma, by Jane Austen\n",
    ),
    "German": (
        HEADER_2008 + "\nErstellt von Delphine Lettau\n\n",
        "\n\nAnmerkungen zur Transkription\n\nOffensichtliche Fehler wurden berichtigt.\n\n"
        "Ende dieses Projekt Gutenberg Etextes Emma\n" + FOOTER_2008,
    ),
    "French": (
        HEADER_2008 + "\nProduit par Jean Dupont\n\n",
        "\n\nNote du transcripteur\n\nL'orthographe a été conservée.\n\nFin du Projet Gutenberg etext Emma\n"
        + FOOTER_2008,
    ),
}


@pytest.mark.parametrize("vintage", VINTAGES)
def test_the_frame_of_each_vintage_goes_and_the_body_stays(vintage):
    before, after = VINTAGES[vintage]
    result = cleaned(before + "\n\n" + BODY + after)
    assert result.text == BODY.strip("\n") + "\n"
    assert result.flags == ()
    assert sum(removal.characters for removal in result.removals) == result.removed_characters > 0


def test_every_removal_is_told():
    before, after = VINTAGES["2010, notes at both ends"]
    told = [(r.rule, r.first_words, r.last_words) for r in cleaned(before + BODY + after).removals]
    assert told == [
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


PIECES = [
    "Produced by A. Person\n",
    "*** START OF THE PROJECT GUTENBERG EBOOK X ***\n",
    "*** END OF THE PROJECT GUTENBERG EBOOK X ***\n",
    "End of Project Gutenberg's X\n",
    "*END*THE SMALL PRINT! Ver.1*END*\n",
    "TRANSCRIBER'S NOTE\n",
    "[Transcriber's note: gone]\n",
    "[Illustration: a\n",
    "]\n",
    "[Illustration]\n",
    "CONTENTS\n",
    "INDEX\n",
    "FOOTNOTES:\n",
    "[1] A note.\n",
    "PREFACE\n",
    "CHAPTER I\n",
    "The Project Gutenberg EBook of X\n",
    "Title: X\n",
    "Words of the book.\n",
    "  indented \t\n",
    "\n",
    "\n\n\n",
    "\r\n",
    "\u2028",
    "\x0c",
    "é",
]
documents = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(PIECES), max_size=25).map(lambda pieces: "".join(pieces).encode("utf-8")),
)
ALL_PARTS = [*CLEAN.drop, "contents", "prefaces", "footnotes", "index"]


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


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_segments_are_the_text_in_known_kinds(text):
    parts = segment(text)
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert {part.kind for part in parts} <= set(KINDS)


def test_markdown_becomes_plain_text():
    play = (
        "# Hamlet\n\n## ACT I\n\n_Enter Ghost_\n\n**HAMLET**  \n__\\[Aside]_  \nTo be\\-- or not.\n"
        + "So it is.\n" * 20
    )
    assert (
        cleaned(play, ".md").text
        == "Hamlet\n\nACT I\n\n[Enter Ghost]\n\nHAMLET\n[Aside]\nTo be-- or not.\n" + "So it is.\n" * 20
    )


def test_a_mark_without_its_partner_does_not_turn_the_rest_inside_out():
    play = "_Burthen _\\[within_\n\nBow-wow.\n\n_Exeunt_\n"
    assert cleaned(play, ".md").text == "[Burthen ][within\n\nBow-wow.\n\n[Exeunt]\n"


def test_the_stage_writes_utf8_a_manifest_and_all_removals(write_books, tmp_path):
    folder = clean_shelf(write_books(a=BODY, b=HEADER_2008 + "one line"), tmp_path)
    a, b = read_manifest(folder / "manifest.csv", CleanBook)
    assert (a.id, a.characters, a.flags, a.removed) == ("a", len(BODY) - 1, "no-markers", "")
    assert (b.id, b.characters, b.flags, b.removed) == ("b", 9, "", f"licence:1:{len(HEADER_2008)}")
    assert (folder / "b.txt").read_bytes() == b"one line\n"
    (removal,) = pd.read_csv(folder / "removals.csv").to_dict("records")
    assert (removal["book"], removal["rule"], removal["bytes"]) == ("b", "licence", len(HEADER_2008))
    report = json.loads((tmp_path / "corpus.json").read_text(encoding="utf-8"))
    assert report["books"]["b"]["words"] == 2 and report["overlaps"] == []


def test_a_raw_file_that_changed_is_noticed(write_books, tmp_path):
    clean_shelf(write_books(a=BODY), tmp_path)
    (tmp_path / "raw" / "a.txt").write_text("other", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.txt is missing or not what .*manifest\.csv says"):
        clean(tmp_path / "raw", CLEAN, out=tmp_path / "again", quality=tmp_path / "corpus.json")


def test_a_frame_around_nothing_is_refused(write_books, tmp_path):
    with pytest.raises(CleaningError, match="holds no text once it is cleaned"):
        clean_shelf(write_books(a=HEADER_2008 + FOOTER_2008), tmp_path)
