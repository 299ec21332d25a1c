"""From a tree of elements (HTML or XML) to running text: the walk that all formats with markup share.

A format says by `Rules` what its elements mean. Paragraphs are separated by an empty line. Soft hyphens are dropped:
they only say where a word may be divided.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from poet.cleaning.formats.libraries import library
from poet.cleaning.formats.lines import without_trailing_blanks
from poet.errors import CleaningError

# What an element does to the text around it: nothing; it begins and ends a line; it begins and ends a paragraph.
INLINE, LINE, PARAGRAPH = 0, 1, 2

# The blanks that HTML and XML formats take as one. A no-break space is not one of them.
BLANKS = re.compile(r"[ \t\n\r\f]+")


def _never(element: Any, name: str) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the elements of a format mean, by their names without namespace."""

    # Takes an element and its name; returns INLINE, LINE or PARAGRAPH.
    breaks: Callable[[Any, str], int]
    # Takes an element and its name; returns whether it is left out with all that is in it.
    dropped: Callable[[Any, str], bool] = _never
    # Elements that become text themselves, such as a line break.
    literals: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    # Elements in which all blanks and line ends count, such as `pre`.
    verbatim: frozenset[str] = frozenset()
    # Characters are text only inside these elements; None: inside every element.
    holders: frozenset[str] | None = None
    # The cells of tables: a tab separates each from what is before it in the line.
    cells: frozenset[str] = frozenset()
    # Elements, such as footnotes, whose text follows the paragraph in which they occur.
    deferred: frozenset[str] = frozenset()


def local_name(element: Any) -> str:
    """The name of an element without its namespace; "" for a comment or anything else that is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """The value of the attribute `name` in whatever namespace; "" if there is none."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def parse_xml(content: bytes, name: str, part: str = "") -> Any:
    """The root element of the XML in `content`; CleaningError that names the file `name` if it is not well-formed.

    Entities that the file defines are neither expanded nor fetched.
    """
    etree = library("lxml.etree", "lxml")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        where = f"its part {part!r}" if part else "it"
        raise CleaningError(
            f"{name} cannot be read: {where} is not well-formed XML ({error}). Get a fresh copy, or convert it to a "
            ".txt file."
        ) from None


class _Writer:
    """Collects pieces of text and the breaks between them."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self._break = INLINE
        self._deferred: list[str] = []

    def write(self, text: str, *, verbatim: bool) -> None:
        text = text.replace("\u00ad", "")
        if not verbatim:
            text = BLANKS.sub(" ", text)
            # A blank at the beginning of a line, or behind another blank, is layout of the markup.
            if text.startswith(" ") and (not self._pieces or self._pieces[-1][-1] in " \n\t"):
                text = text[1:]
        if text:
            self._pieces.append(text)

    def separate(self) -> None:
        if self._pieces:
            self._pieces.append("\t")

    def defer(self, text: str) -> None:
        if text:
            self._deferred.append(text)

    def divide(self, strength: int) -> None:
        if strength == INLINE:
            return
        block = without_trailing_blanks("".join(self._pieces)).strip("\n")
        self._pieces.clear()
        # A block of blanks only, such as `<p>&nbsp;</p>`, is space on the page.
        if block.strip():
            self._blocks += ["\n" * self._break, block] if self._blocks else [block]
            self._break = INLINE
        self._break = max(self._break, strength)
        if strength == PARAGRAPH and self._deferred:
            notes, self._deferred = self._deferred, []
            for note in notes:
                self._pieces.append(note)
                self.divide(PARAGRAPH)

    def text(self) -> str:
        self.divide(PARAGRAPH)
        return "".join(self._blocks)


def tree_to_text(root: Any, rules: Rules) -> str:
    """The text of `root` and everything in it, without a final line end."""
    writer = _Writer()
    # The nesting of verbatim elements. The walk has a stack of its own, because markup can be nested deeper than
    # Python's calls.
    verbatim = 0
    stack: list[tuple[Any, bool]] = [(root, True)]
    while stack:
        element, opening = stack.pop()
        name = local_name(element)
        if not opening:
            verbatim -= name in rules.verbatim
            writer.divide(rules.breaks(element, name))
            _write_tail(writer, element, root, rules, verbatim)
        elif not name:
            # A comment, an instruction, or an entity: only those of HTML, such as `&nbsp;`, stand for characters.
            known = str(element).startswith("&") and html.unescape(str(element)) != str(element)
            writer.write(html.unescape(str(element)) if known else "", verbatim=True)
            _write_tail(writer, element, root, rules, verbatim)
        elif rules.dropped(element, name):
            _write_tail(writer, element, root, rules, verbatim)
        elif name in rules.literals:
            writer.write(rules.literals[name](element), verbatim=True)
            _write_tail(writer, element, root, rules, verbatim)
        elif name in rules.deferred and element is not root:
            writer.defer(tree_to_text(element, rules))
            _write_tail(writer, element, root, rules, verbatim)
        else:
            writer.divide(rules.breaks(element, name))
            if name in rules.cells:
                writer.separate()
            verbatim += name in rules.verbatim
            if element.text and (rules.holders is None or name in rules.holders):
                writer.write(element.text, verbatim=verbatim > 0)
            stack.append((element, False))
            stack.extend((child, True) for child in reversed(element))
    return writer.text()


def _write_tail(writer: _Writer, element: Any, root: Any, rules: Rules, verbatim: int) -> None:
    """Write the characters between `element` and what follows it; they belong to its parent."""
    if element is root or not element.tail:
        return
    if rules.holders is None or local_name(element.getparent()) in rules.holders:
        writer.write(element.tail, verbatim=verbatim > 0)
