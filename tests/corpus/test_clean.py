"""Cleaning: what goes, what stays, and what is refused."""

import pytest

from poet.config import CleanSettings
from poet.corpus.clean import clean
from poet.corpus.cleaning import clean_text
from poet.corpus.decoding import decode
from poet.corpus.manifest import CleanBook, read_manifest
from poet.errors import CleaningError, DataError
from tests.corpus.shelf import clean_shelf

BODY = "CHAPTER I\n\nIt was a dark night.\n\n" * 30


def cleaned(text, suffix=".txt"):
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    return clean_text(content, suffix, "a.txt", 0.8)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfna\xc3\xafve\r\n", "naïve\n"),
        ("naïve".encode("cp1252"), "naïve"),
        (b"Character set encoding: ISO-8859-1\n\x93quoted\x94 \xe9", "Character set encoding: ISO-8859-1\n“quoted” é"),
        (b"Character set encoding: cp850\n\x82", "Character set encoding: cp850\né"),
        ("né".encode("utf-16"), "né"),
        (b"old\rmac\x1a", "old\nmac"),
    ],
)
def test_decoding_in_order(content, text):
    assert decode(content, "a.txt") == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a text: it holds the control character"),
        (b"caf\xe9 \x81", r"cannot be decoded: byte 5 \(0x81\) is neither UTF-8 nor cp1252"),
        (b"Character set encoding: klingon\n\xe9", "unknown charset 'klingon'"),
        ("damaged \ufffd".encode(), "U\\+FFFD"),
    ],
)
def test_what_is_not_text_is_refused(content, message):
    with pytest.raises(CleaningError, match=rf"a\.txt.*{message}"):
        decode(content, "a.txt")


def test_a_book_that_would_lose_too_much_is_refused():
    with pytest.raises(CleaningError, match=r"only \d+ of \d+ characters would remain"):
        cleaned("x\n" + " \t" * 2000 + "\n*** END OF THE PROJECT GUTENBERG EBOOK X ***\n")


def test_a_text_without_markers_stays_and_is_flagged():
    result = cleaned(BODY)
    assert (result.text, result.removed_characters, result.flags) == (BODY.strip("\n") + "\n", 1, ("no-markers",))


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


def test_the_stage_writes_utf8_and_a_manifest(write_books, tmp_path):
    folder = clean_shelf(write_books(a=BODY, b="one line"), tmp_path)
    rows = read_manifest(folder / "manifest.csv", CleanBook)
    assert [(row.book, row.characters, row.flags) for row in rows] == [
        ("a", len(BODY) - 1, "no-markers"),
        ("b", 9, "no-markers"),
    ]
    assert (folder / "b.txt").read_bytes() == b"one line\n"


def test_a_raw_file_that_changed_is_noticed(write_books, tmp_path):
    clean_shelf(write_books(a=BODY), tmp_path)
    (tmp_path / "raw" / "a.txt").write_text("other", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.txt is missing or not what .*manifest\.csv says"):
        clean(tmp_path / "raw", CleanSettings(minimum_kept=0.8), tmp_path / "again")
