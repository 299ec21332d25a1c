"""FB2 (FictionBook): one XML file with the book, a description and pictures."""

from typing import Any

from poet.cleaning.formats.tree import INLINE, LINE, PARAGRAPH, Rules, local_name, parse_xml, tree_to_text
from poet.errors import CleaningError

# `description`: title, genre, publisher, none of it running text; `binary`: pictures.
DROPPED = frozenset({"description", "binary", "stylesheet", "image"})
PARAGRAPHS = frozenset(
    "body section title subtitle p epigraph cite poem stanza text-author date annotation empty-line table".split()
)
LINES = frozenset({"v", "tr"})


def _breaks(element: Any, name: str) -> int:
    # The lines of one title, such as number and name of a chapter, stay together.
    if name == "p" and local_name(element.getparent()) == "title":
        return LINE
    return PARAGRAPH if name in PARAGRAPHS else LINE if name in LINES else INLINE


FB2_RULES = Rules(breaks=_breaks, dropped=lambda _, name: name in DROPPED, cells=frozenset({"td", "th"}))


def fb2_to_text(content: bytes, name: str) -> str:
    """The running text of the FB2 file `content`, in the charset that its XML declares."""
    root = parse_xml(content, name)
    if local_name(root) != "FictionBook":
        raise CleaningError(
            f"{name} is no FB2 file: it begins with <{local_name(root)}>, not with <FictionBook>. Give it the suffix "
            "of its format."
        )
    return tree_to_text(root, FB2_RULES) + "\n"
