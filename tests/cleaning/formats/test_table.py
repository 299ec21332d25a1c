"""The table of formats: what each entry means for a cleaned text."""

import pytest

from poet.cleaning.formats.table import FORMATS, PLAIN_TEXT, folder_suffixes, format_of
from poet.cleaning.text import clean_text
from tests.recipes import CLEAN

PLAY = "## ACT I\n\n**HAMLET**  \n" + "To be, or not to be.\n" * 20


def test_markup_is_removed_and_recorded():
    cleaned = clean_text(PLAY.encode(), ".md", "play.md", CLEAN)
    assert cleaned.text == "ACT I\n\nHAMLET\n" + "To be, or not to be.\n" * 20
    (markup,) = cleaned.removals
    assert (markup.rule, markup.characters, markup.bytes, markup.first_words) == ("markdown", 3 + 4 + 2, 0, "")
    assert cleaned.flags == (), "no licence is expected in Markdown"


def test_markup_does_not_count_as_lost_text():
    links = "**" + "a" * 10 + "**\n"
    assert clean_text(links.encode(), ".md", "a.md", CLEAN).text == "aaaaaaaaaa\n"


@pytest.mark.parametrize("suffix", [".txt", "", ".unknown", ".html"])
def test_every_other_suffix_is_plain_text(suffix):
    cleaned = clean_text(PLAY.encode(), suffix, "play", CLEAN)
    assert cleaned.text == PLAY.replace("  \n", "\n")
    assert cleaned.flags == ("no-markers",)
    assert format_of(suffix) is PLAIN_TEXT


def test_suffixes_and_names_are_unambiguous():
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in FORMATS)
    names = [kind.name for kind in FORMATS.values()]
    assert len(set(names)) == len(names)
    assert folder_suffixes() == [".txt"]
