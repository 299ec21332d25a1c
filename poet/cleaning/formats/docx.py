"""DOCX (Word): the body of the document and its notes, read as XML.

`Paragraph.text` of python-docx leaves out inserted text of which Word keeps track, content controls and text boxes; and
it opens no file that Word saved as "Strict Open XML". So the parts are found and walked here.
"""

import posixpath
from typing import Any
from urllib.parse import unquote

from poet.cleaning.formats.archive import Archive
from poet.cleaning.formats.tree import INLINE, LINE, PARAGRAPH, Rules, attribute, local_name, parse_xml, tree_to_text

# The part that says which part is the document.
RELATIONS = "_rels/.rels"

# What is no running text: deleted and moved text that is still recorded; field codes; properties; the second copy of a
# text box for old programs; pronunciation above words; a field that shows the number of the page.
DROPPED = frozenset("del moveFrom delText instrText delInstrText rPr sectPr Fallback rt".split())


def _is_dropped(element: Any, name: str) -> bool:
    if name in DROPPED:
        return True
    if name == "fldSimple":
        return attribute(element, "instr").split()[:1] == ["PAGE"]
    if name == "sdt":  # a content control: the one around a table of contents says so
        kinds = [attribute(each, "val") for each in element.iter() if local_name(each) == "docPartGallery"]
        return kinds[:1] == ["Table of Contents"]
    return name == "p" and _style(element).upper().startswith("TOC")


def _style(paragraph: Any) -> str:
    """The id of the style of `paragraph`: "TOC1" to "TOC9" are the lines of a table of contents."""
    for child in paragraph:
        if local_name(child) == "pPr":
            return next((attribute(each, "val") for each in child if local_name(each) == "pStyle"), "")
    return ""


def _breaks(element: Any, name: str) -> int:
    if name == "p" and (_is_drop_cap(element) or _is_drop_cap(element.getprevious())):
        return INLINE  # the paragraph behind a drop cap goes on with its word
    return PARAGRAPH if name in ("p", "tbl", "footnote", "endnote") else LINE if name == "tr" else INLINE


def _is_drop_cap(paragraph: Any) -> bool:
    """Whether `paragraph` is the large first letter of the next one, in a frame of its own."""
    properties = [] if paragraph is None else [each for each in paragraph if local_name(each) == "pPr"]
    frames = [each for inner in properties[:1] for each in inner if local_name(each) == "framePr"]
    return any(attribute(frame, "dropCap") in ("drop", "margin") for frame in frames)


DOCX_RULES = Rules(
    breaks=_breaks,
    dropped=_is_dropped,
    literals={
        # Properties of the paragraph; their own element `tab` is a tab stop, not a tab.
        "pPr": lambda _: "",
        "tab": lambda _: "\t",
        # A break of the page or column is a line end at most.
        "br": lambda _: "\n",
        "cr": lambda _: "\n",
        "noBreakHyphen": lambda _: "-",
        "softHyphen": lambda _: "",
    },
    verbatim=frozenset({"t"}),
    holders=frozenset({"t"}),
    cells=frozenset({"tc"}),
)


def docx_to_text(content: bytes, name: str) -> str:
    """The running text of the DOCX file `content`, its footnotes and endnotes behind it; no heads and feet of pages."""
    archive = Archive(content, name)
    if RELATIONS not in archive.parts:
        raise archive.broken(f"it is no whole DOCX file (its part {RELATIONS!r} is missing)")
    bodies = _related(archive, "", ("/officeDocument",))
    if not bodies:
        raise archive.broken(f"it is no whole DOCX file ({RELATIONS} names no document)")
    parts = [bodies[0], *_related(archive, bodies[0], ("/footnotes", "/endnotes"))]
    texts = (tree_to_text(parse_xml(archive.read(part), name, part), DOCX_RULES) for part in parts)
    return "\n\n".join(text for text in texts if text) + "\n"


def _related(archive: Archive, part: str, kinds: tuple[str, ...]) -> list[str]:
    """The parts to which `part` (or, if it is "", the file) has relations of these `kinds`: how their addresses end."""
    folder, file = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{file}.rels")
    if relations not in archive.parts:
        return []
    root = parse_xml(archive.read(relations), archive.name, relations)
    return [
        posixpath.normpath(posixpath.join("/", folder, unquote(attribute(each, "Target")))).lstrip("/")
        for each in root
        if local_name(each) == "Relationship" and attribute(each, "Type").endswith(kinds)
    ]
