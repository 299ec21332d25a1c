"""Headings of prose and of plays, and what only looks like a heading."""

from poet.attribution.headings import find_headings


def test_a_chapter_is_named_after_its_volume_too():
    text = "Emma\n\nVOLUME I\n\n\nCHAPTER I\n\nA book from a shelf.\n\nBook after book she read.\n\nII.\n\nAnd then.\n"
    text += "\nCHAPTER XXXIV, in which " + "very " * 30 + "much happens\n\nEnd." + " " * 200_000 + "!"
    headings = find_headings(text)
    assert headings.before(0) == "" and headings.before(text.index("VOLUME") + 2) == "VOLUME I"
    assert headings.before(text.index("Book after")) == "VOLUME I, CHAPTER I"
    assert headings.before(text.index("then")) == "VOLUME I, II"
    long = headings.before(text.index("End"))
    assert long.startswith("VOLUME I, CHAPTER XXXIV, in which very") and long.endswith(" …") and len(long) < 70
    assert headings.before(len(text)) == "", "the heading is too far away"


def test_acts_and_scenes():
    play = find_headings("ACT I\n\nSCENE I. A heath.\n\nThunder.\n\nACT II\n\nSCENE I. A camp.\n\nDrums.")
    assert play.before(30) == "ACT I, SCENE I. A heath" and play.before(10**5) == "ACT II, SCENE I. A camp"
