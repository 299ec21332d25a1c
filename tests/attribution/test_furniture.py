"""What is furniture in plays, prose, verse and other scripts, and what is not."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.furniture import SHORT, Furniture, find_furniture
from tests.texts import babble

PLAY = """The Tragedie

ACT I

SCENE I. Elsinore. A platform before the castle.

[Enter FRANCISCO and
BERNARDO]

BERNARDO
Who's there?

First Clown
Nay, answer me. [Aside] I am afraid.

First Clown
He.

First Clown
[Kneeling] You come most carefully
upon your hour, and if I think
of all the hours of the night
that I have waited in the cold
I know not one that was so long,
nor one that was so dark as this.

[Exit]
"""
PLAY_SPEECHES = (
    "Who's there?Nay, answer me.I am afraid.He.You come most carefully\nupon your hour, and if I think\nof all the "
    "hours of the night\nthat I have waited in the cold\nI know not one that was so long,\n"
    "nor one that was so dark as this."
)

# Without brackets, the names before the speeches.
DIALOGUE = """SCENE II

Enter HAMLET.

HAM. To be, or not
to be.

_Thunder._

HOR. My lord,
I will.

HAM. Ay.

SOCRATES: No, HAM. is not here.

HOR. No.

HAM. Exit with me.

HOR. Never enter a wood.

Exeunt all but Horatio.
"""
DIALOGUE_SPEECHES = (
    "To be, or not\nto be.My lord,\nI will.Ay.\n\nSOCRATES: No, HAM. is not here.No.Exit with me.Never enter a wood."
)


def without_furniture(text, furniture=None, before=""):
    running = (furniture or find_furniture([text])).running(text, before)
    assert running.shape == (len(text),) and running.dtype == bool
    return "".join(character for character, runs in zip(text, running, strict=True) if runs)


@pytest.mark.parametrize(("text", "speeches"), [(PLAY, PLAY_SPEECHES), (DIALOGUE, DIALOGUE_SPEECHES)])
def test_a_play_without_furniture_is_its_speeches(text, speeches):
    assert without_furniture(text) == speeches


def test_prose_is_running_text_but_for_its_headings():
    prose = babble(1, 3000) + ".\n\nCHAPTER II\n\nThe Window\n\n" + babble(2, 3000) + "."
    kept = without_furniture(prose)
    assert kept == prose.replace("\n\nCHAPTER II\n\nThe Window\n\n", "")


def test_what_looks_like_furniture_and_is_none():
    prose = (
        "I said (and I mean it) that _nobody_ shall enter. Enter, said he.\n\n“Exit, stage left!”\n\n"
        "[This is a note of the translator, "
        + "and it goes on for many words, "
        * 12
        + "until it ends.]\n\nA. B. Smith: the man.\n\nit was late.\n\nit was late.\n\nit was late.\n\n"
        "OF ALL THE PEOPLE WHO EVER LIVED I LIKED HER BEST\n"
    )
    assert without_furniture(prose) == prose


@pytest.mark.parametrize("beginning", ["Section 1 of this", "Part one of the", "Letter i is", "CHAPTER IX. Of"])
def test_a_paragraph_in_one_line_that_begins_like_a_heading_is_no_heading(beginning):
    paragraph = " ".join(f"{beginning} {babble(3, 400)}.".split())
    assert without_furniture(f"ACT I\n\n{paragraph}\n\nIt ends.", Furniture()) == f"{paragraph}\n\nIt ends."


@pytest.mark.parametrize(
    "line",
    [
        "Exit polls say so.",
        "Exit the building by the stairs.",
        "Exit at once, and do not look back.",
        "Exit Street was where he had lived for all those years, and where he",
        "Exeunt is what the old books say when everybody leaves, and nobody ever says it aloud.",
    ],
)
def test_prose_that_begins_as_a_stage_direction_is_running_text(line):
    assert without_furniture(line, Furniture()) == line


@pytest.mark.parametrize(
    "line",
    [
        "Exit",
        "EXEUNT.",
        "Exit HAMLET",
        "Exit Ghost.",
        "Exit, pursued by a bear.",
        "Exeunt omnes.",
        "Exeunt all but Horatio.",
        "Exeunt severally",
        "Exit a Messenger.",
        "Exeunt Rosencrantz and Guildenstern with the Players, and after these the King and all of his Court.",
        "Manet Hamlet.",
    ],
)
def test_whoever_leaves_is_furniture(line):
    assert without_furniture(f"He said.\n{line}\nShe said.", Furniture()) == "He said.She said."


def test_a_refrain_is_furniture_of_its_poem():
    poem = "\n\n".join(f"A verse that says {number} things\nand more of them,\nNevermore." for number in range(3))
    assert "Nevermore" not in without_furniture(poem)
    assert without_furniture(poem).count("and more of them") == 3, "a line of prose that goes on is small"
    twice = "Nevermore.\nA line.\n\nNevermore.\nAnother."
    assert without_furniture(twice) == twice


def test_a_poem_with_a_blank_line_after_each_line_has_no_titles():
    poem = "\n\n".join(f"{babble(number, 4)[:30]} line" for number in range(20))
    assert without_furniture(poem) == poem


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ФАУСТ\nДа, это я.\n\n(Уходит.)\n\nКонец.", "Да, это я.Конец."),
        ("MEPHISTOPHELES (leise):\nMein Herr!\n\n(Ab.)", "Mein Herr!"),
        ("第一場\n\n［退場］\n\n彼は来た。", "第一場彼は来た。"),
        ("ΑΝΤΙΓΟΝΗ.\nὦ κοινὸν", "ὦ κοινὸν"),
    ],
)
def test_shapes_count_in_all_scripts(text, kept):
    assert without_furniture(text, Furniture()) == kept


def test_what_a_book_repeats_is_furniture_of_all_texts():
    furniture = find_furniture([PLAY, "no furniture here", DIALOGUE])
    assert without_furniture("He comes.\n\nFirst Clown.\nHAM. I am.\n\nSecond Clown\nBe.", furniture) == (
        "He comes.I am.\n\nSecond Clown\nBe."
    )


def test_a_title_of_a_chapter_in_any_script_is_furniture():
    book = "\n\n".join(f"第{number}回 夢\n\n" + "彼は山に行つた。\n" * 40 for number in "一二三")
    furniture = find_furniture([book])
    assert without_furniture("第一回 夢\n\n彼は", furniture) == "彼は"


def test_a_sample_is_judged_behind_its_prompt():
    furniture = Furniture()
    assert without_furniture("A heath.\n\nWhen?", furniture, before="ACT I\n\nSCENE I. ") == "When?"
    assert without_furniture("LEAR\nWhen?", furniture, before="KING ") == "When?"
    assert without_furniture("WHEN\nwill", furniture, before="He said\n") == "WHEN\nwill"
    assert without_furniture("Well. [Exit KI", furniture, before="") == "Well.", "a sample may end anywhere"


@given(st.text(st.sampled_from("aB \n[]()_.:*ÉΑ天")), st.text(st.sampled_from("aB \n[")))
def test_any_text_has_a_mask(text, before):
    running = find_furniture([text]).running(text, before)
    assert running.shape == (len(text),)
    # White space beside furniture is furniture too.
    for place in np.flatnonzero(np.diff(running)):
        assert not text[place].isspace() or not running[place]
        assert not text[place + 1].isspace() or not running[place + 1]


@pytest.mark.parametrize(
    "piece", ["[", "(", "_", "\n\n", " ", "A", "A.\n", "[a\n", "Enter A\n", "A: ", "* ", "ACT I\n\n", "\n \n"]
)
def test_time_grows_with_the_text_only(piece):
    """No text is slow: four times as much takes far less than sixteen times as long."""

    def seconds(size):
        text = (piece * size)[: size * 2]
        start = time.perf_counter()
        find_furniture([text]).running(text)
        return time.perf_counter() - start

    assert seconds(80_000) < 10 * max(seconds(20_000), 0.005)


def test_long_lines_and_books_without_text():
    line = "A" * (SHORT + 1)
    assert without_furniture(line) == line and without_furniture("") == "" and find_furniture([]) == Furniture()
