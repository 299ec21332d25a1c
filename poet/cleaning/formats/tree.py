"""From a tree of elements (HTML or XML) to running text: the walk that all formats with markup share.

A format says by `Rules` what its elements mean. Paragraphs are separated by an empty line. Soft hyphens are dropped:
they only say where a word may be divided.
"""

import html
import itertools
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


# How XML is parsed: nothing is expanded, fetched or loaded that the file names.
SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False}

# Errors of XML that leave no doubt about its text, and are frequent in books made by hand: crossed elements, a lone "&"
# or "<", a prefix or entity that nobody defined, a control character. A file that ends too early has others.
BLEMISHES = frozenset({
    "ERR_TAG_NAME_MISMATCH",
    "ERR_NAME_REQUIRED",
    "ERR_UNDECLARED_ENTITY",
    "NS_ERR_UNDEFINED_NAMESPACE",
    "ERR_INVALID_CHAR",
})
LONE_SIGN = re.compile(rb"&(?!#?\w{1,32};)|<(?=[\s\d<=])|&(?:amp|lt|gt|quot|apos);")
SIGNS = {b"&": 38, b"<": 60, b"&amp;": 38, b"&lt;": 60, b"&gt;": 62, b"&quot;": 34, b"&apos;": 39}


# A paragraph with more neighbours than this is not looked at twice: it is not the only one in a cell of a table.
FEW = 8


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
    # Elements, such as formulas, in which blanks between their elements are only layout of the markup.
    compact: frozenset[str] = frozenset()


def local_name(element: Any) -> str:
    """The name of an element without its namespace; "" for a comment or anything else that is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """The value of the attribute `name` in whatever namespace; "" if there is none."""
    # Where HTML is parsed, the prefix of a namespace is a part of the name ("epub:type").
    names = ((key.rpartition("}")[2].rpartition(":")[2], value) for key, value in element.attrib.items())
    return next((value for key, value in names if key == name), "")


def parse_xml(content: bytes, name: str, part: str = "") -> Any:
    """The root element of the XML in `content`; CleaningError that names the file `name` if it is not well-formed.

    Entities that the file defines are neither expanded nor fetched. XML with BLEMISHES only is read all the same.
    """
    etree = library("lxml.etree", "lxml")
    try:
        try:
            return etree.fromstring(content, etree.XMLParser(**SAFE))
        except etree.XMLSyntaxError:
            # Two bytes a character (UTF-16) have a mark at their beginning, and other bytes for these signs.
            wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
            parser = etree.XMLParser(**SAFE, recover=True)
            root = etree.fromstring(content if wide else _with_numbers(content), parser)
            if root is None or any(entry.type_name not in BLEMISHES for entry in parser.error_log):
                raise
            return root
    except (etree.XMLSyntaxError, ValueError) as error:
        where = f"its part {part!r}" if part else "it"
        raise CleaningError(
            f"{name} cannot be read: {where} is not well-formed XML ({error}). Get a fresh copy, or convert it to a "
            ".txt file."
        ) from None


def _with_numbers(content: bytes) -> bytes:
    """The XML `content` with lone signs as numbers; also those with a name, which the parser drops behind an error."""
    return LONE_SIGN.sub(lambda sign: b"&#%d;" % SIGNS[sign[0]], content)


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
        # The blank between the elements of two cells is layout of the markup.
        if self._pieces and self._pieces[-1] == " ":
            self._pieces.pop()
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
            writer.divide(_break(element, name, rules))
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
            writer.divide(_break(element, name, rules))
            if name in rules.cells:
                writer.separate()
            verbatim += name in rules.verbatim
            _write(writer, element.text, name, rules, verbatim)
            stack.append((element, False))
            stack.extend((child, True) for child in reversed(element))
    return writer.text()


def _write_tail(writer: _Writer, element: Any, root: Any, rules: Rules, verbatim: int) -> None:
    """Write the characters between `element` and what follows it; they belong to its parent."""
    if element is not root and element.tail:
        _write(writer, element.tail, local_name(element.getparent()), rules, verbatim)


def _write(writer: _Writer, text: str | None, holder: str, rules: Rules, verbatim: int) -> None:
    """Write the characters `text`, which stand in an element called `holder`, unless they are only markup."""
    if text and (rules.holders is None or holder in rules.holders) and not (holder in rules.compact and text.isspace()):
        writer.write(text, verbatim=verbatim > 0)


def _break(element: Any, name: str, rules: Rules) -> int:
    """The break at `element`: none at a paragraph that is all there is in a cell, so that the row stays one line."""
    strength = rules.breaks(element, name)
    if strength != PARAGRAPH or not rules.cells:
        return strength
    inside = [element]
    # A `div` may stand around the paragraph; more levels than these are no table of words.
    while len(inside) <= 3 and (outer := inside[-1].getparent()) is not None:
        if local_name(outer) in rules.cells:
            return INLINE if all(_is_alone(each) for each in inside) else strength
        inside.append(outer)
    return strength


def _is_alone(element: Any) -> bool:
    """Whether nothing around `element` inside its parent has any text; False if there is too much to look at."""
    neighbours = [
        *itertools.islice(element.itersiblings(), FEW + 1),
        *itertools.islice(element.itersiblings(preceding=True), FEW + 1),
    ]
    texts = [element.getparent().text, element.tail, *(neighbour.tail for neighbour in neighbours)]
    for neighbour in neighbours:
        if local_name(neighbour):  # no comment
            texts += itertools.islice(neighbour.itertext(), FEW)
    return len(neighbours) <= FEW and not any(text and text.strip() for text in texts)
