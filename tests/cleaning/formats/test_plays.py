"""Markdown: plays without its marks."""

from poet.cleaning.formats.plays import play_to_text


def test_markdown_becomes_plain_text():
    play = "# Hamlet\n\n## ACT I\n\n_Enter Ghost_\n\n**HAMLET**  \n__\\[Aside]_  \nTo be\\-- or not.\n"
    assert play_to_text(play) == "Hamlet\n\nACT I\n\n[Enter Ghost]\n\nHAMLET\n[Aside]\nTo be-- or not.\n"


def test_a_mark_without_its_partner_does_not_turn_the_rest_inside_out():
    play = "_Burthen _\\[within_\n\nBow-wow.\n\n_Exeunt_\n"
    assert play_to_text(play) == "[Burthen ][within\n\nBow-wow.\n\n[Exeunt]\n"
