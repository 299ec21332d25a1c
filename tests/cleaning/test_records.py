"""Records of cleaned books: rows, flags, tables, and what becomes of duplicates."""

import dataclasses
import json

import pytest

from poet.books.manifest import Book
from poet.cleaning.duplicates import Overlap
from poet.cleaning.records import record_book, removals_table, summarize_corpus, treat_duplicates, write_corpus
from poet.cleaning.text import CleanText, Removal, clean_text
from poet.errors import CleaningError
from tests.recipes import CLEAN

LICENCE = Removal(rule="licence", characters=60, bytes=64, first_words="The Project", last_words="EMMA ***")
CREDITS = dataclasses.replace(LICENCE, rule="credits", characters=20, bytes=20)


def record(id="emma", text="Emma Woodhouse é\n", removals=(), flags=(), language="en"):
    book = Book(
        id=id, title=id.title(), author="A", language=language, source="x", file=f"{id}.md", bytes=1, sha256="raw"
    )
    return record_book(book, CleanText(text=text, removals=tuple(removals), flags=tuple(flags)))


def test_a_row_describes_the_cleaned_text():
    row = record(removals=[LICENCE, CREDITS, LICENCE], flags=["no-markers"]).row
    assert (row.file, row.bytes, row.characters) == ("emma.txt", 18, 17)
    assert row.sha256 not in ("", "raw") and len(row.sha256) == 64
    assert (row.removed_characters, row.removed) == (140, "licence:2:128 credits:1:20")
    assert (row.title, row.author, row.language, row.source, row.flags) == ("Emma", "A", "en", "x", "no-markers")


@pytest.mark.parametrize(
    ("language", "text", "flags"),
    [
        ("en", "der Mann und die Frau haben nicht \n" * 60, "no-markers language-looks-de"),
        ("de", "der Mann und die Frau haben nicht \n" * 60, "no-markers"),
        ("", "der Mann und die Frau haben nicht \n" * 60, "no-markers"),
        ("en", "a private character \ue000\n", "no-markers odd-characters"),
    ],
)
def test_flags_name_what_does_not_fit(language, text, flags):
    assert record(text=text, flags=["no-markers"], language=language).row.flags == flags


def test_the_decoding_is_told_where_a_file_is_not_plain_utf8(tmp_path):
    cleaned = clean_text(("Был тихий вечер.\n" * 30 + "\a").encode("cp1251"), ".txt", "a.txt", CLEAN, language="ru")
    book = Book(id="a", title="A", author="", language="ru", source="x", file="a.txt", bytes=1, sha256="raw")
    guessed = record_book(book, cleaned)
    assert guessed.row.decoding.startswith("cp1251 guessed 0.") and "1 controls dropped" in guessed.row.decoding
    assert "encoding-guessed-cp1251" in guessed.row.flags and guessed.row.removed == "controls:1:1"
    write_corpus(tmp_path / "corpus.json", summarize_corpus([guessed, record("b")], []))
    books = json.loads((tmp_path / "corpus.json").read_text(encoding="utf-8"))["books"]
    assert books["a"]["decoding"]["candidates"][0]["encoding"] == "cp1251" and "decoding" not in books["b"]


def test_removals_are_listed_by_book_in_text_order():
    table = removals_table([record("a", removals=[LICENCE, CREDITS]), record("b"), record("c", removals=[CREDITS])])
    assert table.to_csv(index=False, lineterminator="\n") == (
        "book,rule,characters,bytes,first_words,last_words\n"
        "a,licence,60,64,The Project,EMMA ***\na,credits,20,20,The Project,EMMA ***\n"
        "c,credits,20,20,The Project,EMMA ***\n"
    )
    assert list(removals_table([record()]).columns) == list(table.columns), "also when nothing was removed"


def test_the_figures_of_a_corpus(tmp_path):
    overlap = Overlap(book="a", other="b", share=0.25)
    write_corpus(tmp_path / "corpus.json", summarize_corpus([record("a", removals=[LICENCE, LICENCE])], [overlap]))
    corpus = json.loads((tmp_path / "corpus.json").read_text(encoding="utf-8"))
    assert corpus["books"]["a"] == {
        "characters": 17,
        "words": 3,
        "distinct_words": 3,
        "guess": "",
        "odd": {},
        "language": "en",
        "removed": {"licence": round(120 / 137, 5)},
        "flags": [],
    }
    assert corpus["overlaps"] == [{"book": "a", "other": "b", "share": 0.25}]


OVERLAPS = [Overlap(book="a", other="b", share=0.5), Overlap(book="b", other="c", share=0.5)]


def always(book, other):
    """The result of a comparison of two texts that confirms what the sketches say."""
    return True


@pytest.mark.parametrize("policy", ["warn", "drop"])
def test_books_that_share_a_part_stay_and_are_flagged(policy, capsys):
    """Half of each is nowhere else, whatever the policy."""
    records = {book: record(book, flags=["old"]) for book in "abc"}
    kept = treat_duplicates(records, OVERLAPS, policy, is_within=always)
    assert {book: each.row.flags for book, each in kept.items()} == {
        "a": "old duplicates-b",
        "b": "old duplicates-c",
        "c": "old",
    }
    assert records["a"].row.flags == "old", "the records themselves do not change"
    shown = capsys.readouterr().err
    assert "50% of a (A) also occurs in b (B)" in shown and "50% of b (B) also occurs in c (C)" in shown
    assert "dropped" not in shown


def test_a_book_is_dropped_only_if_all_of_it_is_in_another(capsys):
    """All of a is in b, and b shares a part with the larger c: had b been dropped, a would be nowhere."""
    records = {book: record(book) for book in "abc"}
    overlaps = [Overlap(book="a", other="b", share=1.0), Overlap(book="b", other="c", share=0.9)]
    assert list(treat_duplicates(records, overlaps, "drop", is_within=always)) == ["b", "c"]
    assert capsys.readouterr().err.count(": dropped") == 1
    kept = treat_duplicates(records, overlaps, "drop", is_within=lambda book, other: False)
    assert list(kept) == ["a", "b", "c"], "a sketch may miss what a comparison of the texts finds"
    assert kept["a"].row.flags == "duplicates-b"


def test_one_of_a_chain_of_equal_books_stays():
    chain = [Overlap(book=book, other=other, share=1.0) for book, other in ("ab", "ac", "bc", "ca")]
    assert list(treat_duplicates({book: record(book) for book in "abc"}, chain, "drop", is_within=always)) == ["c"]


def test_many_duplicates_are_told_in_a_few_lines(capsys):
    records = {str(i): record(str(i)) for i in range(60)}
    treat_duplicates(
        records, [Overlap(book=str(i), other="0", share=0.5) for i in range(1, 60)], "warn", is_within=always
    )
    shown = capsys.readouterr().err
    assert shown.count("also occurs in") == 5 and "and 54 more pairs; in all, 59 books" in shown


def test_duplicates_can_be_an_error():
    with pytest.raises(CleaningError, match=r"50% of a \(A\) also occurs in b \(B\); remove one of them, or set"):
        treat_duplicates({book: record(book) for book in "abc"}, OVERLAPS, "fail", is_within=always)
