"""The good line: what a reader would not take for a line of the poet is none, and of several the rule picks one."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.report.best_line import (
    Sentence,
    _sentences,
    as_shown,
    best_line,
    copies,
    is_running_text,
    known_words,
    sentences,
    words,
)
from poet.report.passages import Shelf, ShownSample, show_samples
from poet.results.attribution import AttributedSample, Source, Span
from tests.report.shelf import a_book, a_sample, made_up_results, shipped_params

BOOK = """
I will not leave the king for all the gold that he may give to my poor lord and to me. What is it to you, sir?
Ay, but the law of this cold house is no law, and thou art in it. Mr. Weston was come home with her.
"""


PASSAGE = made_up_results(samples=1).samples[0].passages[0]


def line(*samples, book=BOOK, spans=(), least_copy=20):
    """The best line of `samples`, given as (text, temperature) or as texts, from a shelf with one book."""
    shelf = Shelf([a_book("b")], {"b": book}.__getitem__)
    written = [
        a_sample(one if isinstance(one, str) else one[0], sample=number, prompt="LEAR\n", temperature=1.0)
        if isinstance(one, str)
        else a_sample(one[0], sample=number, prompt="LEAR\n", temperature=one[1])
        for number, one in enumerate(samples)
    ]
    rows = [AttributedSample(sample=one.sample, spans=tuple(spans), near=()) for one in written]
    return best_line(shelf, show_samples(shelf, written, rows, shipped_params().report), least_copy)


def test_a_whole_sentence_of_known_words_is_the_line():
    found = line("What will you give to the poor king, my lord?\nI will not")
    assert found is not None
    assert (found.text, found.prompt) == ("What will you give to the poor king, my lord?", "LEAR\n")
    assert (found.temperature, found.sample) == (1.0, 0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("What will you give to the poor king, my lord and the", "cut off by the end of the sample"),
        ("What will you give to the zounderkite, my poor lord?", "a word that no book has"),
        ("[What will you give to the poor king, my lord?]", "a stage direction"),
        ("What will you give [aside] to the king, my lord?", "a direction inside the line"),
        ("Ay, “what will you give to the poor king, my lord?", "half of a quotation"),
        ("WHAT WILL YOU GIVE TO THE POOR KING, MY LORD?", "a heading"),
        ("What will you give to the KING, my poor lord?", "a name as plays write it"),
        ("give to the poor king what you will, my lord.", "the end of something"),
        ("Will you, my lord?", "too short to say anything"),
        ("I will, I will, I will, I will, I will, I will.", "repeats itself"),
        ("“What will you give to the poor king, my lord?", "cut out of a speech"),
        ("I will not leave the king, " * 8 + "my lord.", "too long"),
    ],
)
def test_what_is_no_line(text, why):
    assert line(text) is None, why


@pytest.mark.parametrize("name", ["GLOUCESTER\n", "First Lord\n", "Lord\n", "\nACT II\n\nSCENE I.\n\n"])
def test_a_line_does_not_begin_with_a_name(name):
    found = line(f"{name}What will you give to the poor king, my lord?\n")
    assert found is not None and found.text == "What will you give to the poor king, my lord?"


def test_a_line_that_the_books_repeat_is_no_line():
    """A running head has the look of a sentence; that the book repeats it tells that it is none."""
    head = "What is it to the king, my poor lord?"
    text = f"{head}\nI will not leave the king.\n"
    assert line(text, book=BOOK).text == head
    repeated = BOOK + f"\n\n{head}\n\nI will.\n" * 9
    assert line(text, book=repeated).text == "I will not leave the king."


def test_what_is_copied_is_no_line():
    text = "What will you give to the poor king, my lord? Ay, but the king is no law to the poor, and thou art in it."
    source = Source(book="b", start=0, end=20, count=1)
    copied = Span(start=5, end=25, exact=True, surprise=9.0, sources=(source,))
    found = line(text, spans=[copied])
    assert found is not None and found.text.startswith("Ay, but the king")
    shorter = Span(start=5, end=24, exact=True, surprise=9.0, sources=(source,))
    found = line(text, spans=[shorter])
    assert found is not None and found.text.startswith("What will")


def test_what_is_copied_is_so_in_its_place():
    text = "I saw the king, my lord, to thee. What wilt thou to the king, my lord, to thee and to me?"
    copied = Span(start=6, end=32, exact=True, surprise=9.0, sources=(Source(book="b", start=0, end=26, count=1),))
    found = line(text, spans=[copied], book=BOOK + text)
    assert found is not None and found.text.startswith("What wilt"), "by chance the same words stand there"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=8), st.integers(0, 5))
def test_copies_equal_a_count_of_characters(places, size):
    passages = [replace(PASSAGE, start=start, end=start + length) for start, length in places]
    sample = a_sample("x" * 60, prompt="p" * size)
    longest = copies(ShownSample(sample=sample, pieces=[], passages=passages, verbatim=0.0, near=0.0))
    for start in range(0, size + 50, 3):
        sentence = Sentence("x" * 9, start, start + 9, whole_lines=True)
        shared = [len(set(range(a + size, a + size + n)) & set(range(start, start + 9))) for a, n in places]
        assert longest(sentence) == max(shared, default=0)


def test_copies_of_many_sentences_are_found_in_time():
    """If every passage were searched for in the text for every sentence, that would take minutes."""
    many = 20_000
    places = range(0, 10 * many, 10)
    passages = [replace(PASSAGE, text=f"{start}", start=start, end=start + 5) for start in places]
    sample = a_sample("x" * 10 * many, prompt="")
    longest = copies(ShownSample(sample=sample, pieces=[], passages=passages, verbatim=0.0, near=0.0))
    assert all(longest(Sentence("x", start + 2, start + 10, whole_lines=True)) == 3 for start in places)


def test_the_calmest_whole_line_of_about_twelve_words_is_the_line():
    short, long = "I will give it to you.", "Ay, but the law is no king to me, and thou art in it."
    inside = "you, sir? What will you give to the poor king? Ay"
    assert line((short, 0.6), (long, 0.6)).text == long
    assert line((short, 0.6), (long, 1.0)).text == short, "the lower temperature first"
    assert line((inside, 0.6), (short, 1.0)).text == short, "whole lines first"
    assert line((long, 0.6), (long, 0.6)).sample == 0, "the first of equals"
    assert line() is None


def test_abbreviations_do_not_end_a_sentence():
    found = line("And so Mr. Weston was come home to me with her. And", book=BOOK + "And so")
    assert found is not None and found.text == "And so Mr. Weston was come home to me with her."


def test_verse_keeps_its_lines_and_wrapped_prose_loses_them():
    assert as_shown("  Ay, but I speak:\nThe law is\n") == "Ay, but I speak:\nThe law is"
    assert as_shown("Ay, but I speak\nof the  law.") == "Ay, but I speak of the law."


@pytest.mark.parametrize(
    ("prompt", "text", "wanted"),
    [
        ("春が来て", "、村の人々は橋の上で歌を歌った。それから", "春が来て、村の人々は橋の上で歌を歌った。"),
        ("كان ", "يا ما كان في قديم الزمان ملك عظيم. وكان", "كان يا ما كان في قديم الزمان ملك عظيم."),
        ("राम ", "ने अपने भाई को जंगल में बुलाया था। फिर", "राम ने अपने भाई को जंगल में बुलाया था।"),
    ],
)
def test_scripts_without_capitals_or_blanks(prompt, text, wanted):
    found = [sentence.text for sentence in sentences(prompt, text) if is_running_text(sentence.text)]
    assert found == [wanted]
    words = {word for one in found for word in one.split()}
    assert not words or known_words({"bare"}, ["It is bare."]) == {"bare"}


@pytest.mark.parametrize(
    "text",
    [
        "လူတိုင်းသည်တူညီလွတ်လပ်သောဂုဏ်သိက္ခာဖြင့်လည်းကောင်း။",
        "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกัน!",
        "មនុស្សទាំងអស់កើតមកមានសេរីភាពនិងសមភាព។",
    ],
)
def test_scripts_that_write_no_blanks_have_no_unknown_words(text):
    assert is_running_text(text) and not words(text)
    assert [sentence.text for sentence in sentences("", text + " ")] == [text]


def test_marks_that_open_a_sentence():
    assert is_running_text("¿Qué me darás por el oro del rey, señor?")
    assert not is_running_text("¿qué me darás por el oro del rey, señor?")


def test_words_are_known_from_any_book():
    assert known_words({"king", "lord", "gold"}, ["The king,", "My lord!", "Lords."]) == {"king", "lord"}


def test_sentences_stand_where_they_say():
    prompt, text = "LEAR\n", "What is it? I will.\n\nAy, sir!\nNo"
    for one in sentences(prompt, text):
        assert (prompt + text)[one.start : one.end] == one.text
    assert [(one.text, one.whole_lines) for one in sentences(prompt, text)] == [
        ("What is it?", False),
        ("I will.", False),
        ("Ay, sir!", True),
    ]


# What ends a sentence, as one pattern from its first character on: slow, and obvious.
WHOLE = re.compile(r".+?(?:[.!?…؟։।။។]+[\"'”’»)]*(?=\s|\Z)|[。！？]+[」』”’]*)", re.DOTALL)


@given(st.text(st.sampled_from('ab .!"”。」\n')))
def test_sentences_equal_those_of_one_pattern(text):
    found = [text[start:end] for start, end in _sentences(text, 0, len(text))]
    assert found == [whole.group().lstrip() for whole in WHOLE.finditer(text)]


@pytest.mark.parametrize("piece", ["word ", ".", '."', "Mr. ", "A man. ", " ", "a\n", "\n "])
def test_sentences_of_a_long_text_are_found_in_time(piece):
    """If each end were searched for from each character on, this would take minutes."""
    text = piece * (400_000 // len(piece)) + "x"
    found = list(sentences("", text))
    assert len(found) == (text.count(". ") if piece == "A man. " else 0)
