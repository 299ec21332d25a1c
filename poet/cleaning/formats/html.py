"""HTML and XHTML: web pages, and the chapters of EPUB files.

Parsed by lxml. BeautifulSoup on top of it takes 2 s/MB, lxml alone 0.04 s/MB, and one walk (`tree`) then serves HTML,
EPUB, FB2, DOCX and ODT.
"""

import re
from typing import Any

from poet.cleaning.charsets import SEVEN_BIT, charset_of
from poet.cleaning.decoding import BYTE_ORDER_MARKS, decode
from poet.cleaning.detection import strictly
from poet.cleaning.formats.libraries import library
from poet.cleaning.formats.tree import INLINE, LINE, PARAGRAPH, Rules, attribute, local_name, tree_to_text
from poet.errors import CleaningError

# A charset that the markup declares: <?xml encoding="...">, <meta charset=...>, <meta content="...; charset=...">.
DECLARED_CHARSET = re.compile(rb"""(?:<\?xml[^>]*?encoding|<meta[^>]*?charset)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
DECLARATION_BYTES = 4096

# What browsers read for a charset: pages that say "ISO-8859-1" or ASCII have the quotes and dashes of Windows-1252.
READ_AS = {"latin_1": "cp1252", "ascii": "cp1252"}

# Elements that are no running text: programs, styles, pictures, forms; `nav` and menus; `rt` and `rp`, the
# pronunciation above Chinese and Japanese words; `pagenum`, the page number of DTBook (talking books in EPUB 2).
DROPPED = frozenset(
    "head script style template noscript svg canvas object embed applet iframe frameset audio video map "
    "button select input textarea datalist dialog nav menu rt rp rtc annotation annotation-xml pagenum".split()
)
PARAGRAPHS = frozenset(
    "html body p h1 h2 h3 h4 h5 h6 div section article aside main header footer hgroup address blockquote center pre "
    "ul ol dl dir table caption figure figcaption fieldset legend details summary form hr search".split()
)
LINES = frozenset("li tr dt dd thead tbody tfoot mtr".split())
# Elements of a formula that hold only elements.
FORMULA = frozenset(
    "math mrow msub msup msubsup munder mover munderover msqrt mroot mtable mtr mtd mstyle mpadded semantics".split()
)

# What a class, `epub:type` or `role` calls a page number or navigation. Whole words: "toc" is not in "stock".
PAGE_MARK = re.compile(
    r"(?:^|\s)(?:x-ebookmaker-pageno|pagenum(?:ber)?|page-?num(?:ber)?|page-?no|pageno|pagebreak|doc-pagebreak|page-?break-?num)s?(?:\s|$)",
    re.I,
)
# The number of a line of verse, in its margin: by its class, and by what it holds, because "ln" may be the line.
LINE_NUMBER = re.compile(r"(?:^|\s)(?:line-?num(?:ber)?|line-?no|lnum|ln)s?(?:\s|$)", re.I)
NUMBER = re.compile(r"[\s\[(]*\d{1,5}[\s\]).]*")
# What `epub:type` calls the pages about the edition: they are its publisher's, alike in all of his books.
EDITION = re.compile(r"(?:^|\s)(?:imprint|copyright-page|colophon)(?:\s|$)")
NAVIGATION = re.compile(r"(?:^|\s)(?:navigation|doc-toc|doc-pagelist|menu|menubar|search)(?:\s|$)", re.I)
HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.I)

# Classes of lines of verse where each is a `div`: "verse", "line", "i0" and "i12" (indentation), "indent2".
VERSE_LINE = re.compile(r"(?:^|\s)(?:verse|line|l|v|vers|i\d+|indent\d*)(?:\s|$)", re.I)


def _is_dropped(element: Any, name: str) -> bool:
    lower = name.lower()
    if lower in DROPPED:
        return True
    # The footer of the page holds its copyright and links. That of a letter in a book is the signature.
    parent = element.getparent()
    if lower == "footer" and parent is not None and local_name(parent).lower() == "body":
        return True
    if not element.attrib:
        return False
    kinds = f"{element.get('class', '')} {attribute(element, 'type')} {element.get('role', '')}"
    return (
        bool(PAGE_MARK.search(kinds))
        or bool(EDITION.search(attribute(element, "type")))
        or bool(LINE_NUMBER.search(kinds) and NUMBER.fullmatch("".join(element.itertext())))
        or bool(NAVIGATION.search(element.get("role", "")))
        or "hidden" in element.attrib
        or bool(HIDDEN_STYLE.search(element.get("style", "")))
    )


def _breaks(element: Any, name: str) -> int:
    lower = name.lower()
    if lower == "div" and VERSE_LINE.search(element.get("class", "")):
        return LINE
    return PARAGRAPH if lower in PARAGRAPHS else LINE if lower in LINES else INLINE


HTML_RULES = Rules(
    breaks=_breaks,
    dropped=_is_dropped,
    literals={"br": lambda _: "\n", "wbr": lambda _: "", "img": lambda _: ""},
    verbatim=frozenset({"pre", "listing", "xmp", "plaintext"}),
    cells=frozenset({"td", "th"}),
    compact=FORMULA,
)


def decode_html(content: bytes, name: str) -> str:
    """The characters of the HTML in `content`, markup included: by byte order mark, UTF-8, or what the markup declares.

    >>> decode_html('<meta charset="windows-1251"><p>Мир'.encode("cp1251"), "a.html")
    '<meta charset="windows-1251"><p>Мир'
    """
    declared = DECLARED_CHARSET.search(content[:DECLARATION_BYTES])
    charset = charset_of(declared[1].decode("ascii", "replace")) if declared else ""
    if charset and not content.startswith(tuple(mark for mark, _ in BYTE_ORDER_MARKS)):
        # Bytes of seven bits would pass for UTF-8.
        is_utf8 = charset not in SEVEN_BIT and strictly(content, "utf_8") is not None
        if not is_utf8 and (text := strictly(content, READ_AS.get(charset, charset))) is not None:
            content = text.encode("utf-8", "replace")
    # UTF-8 now, or undeclared: then the rules for plain text apply. They also refuse what is no text at all.
    return decode(content, name)


def html_to_text(markup: str) -> str:
    """The running text of the HTML `markup`: paragraphs separated by an empty line, headings on lines of their own.

    >>> html_to_text("<h1>Emma</h1><p>Emma <i>Wood</i>house,<br>handsome &amp; rich<script>x()</script>.")
    'Emma\\n\\nEmma Woodhouse,\\nhandsome & rich.\\n'
    """
    html, etree = library("lxml.html", "lxml"), library("lxml.etree", "lxml")
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        root = html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:
        return ""  # nothing but blanks and comments
    # The parser stops at such depths, and drops what follows.
    if any("depth" in entry.message for entry in parser.error_log):
        raise CleaningError(
            "the HTML is nested too deeply to be read, as if its elements were never closed. Convert it to a .txt file."
        )
    return tree_to_text(root, HTML_RULES) + "\n"
