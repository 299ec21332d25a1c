"""DOCX (Word): the body of the document, opened by python-docx and read as its XML.

`Paragraph.text` of python-docx leaves out inserted text of which Word keeps track, content controls and text boxes. So
the tree is walked here.
"""

import io
import zipfile
from typing import Any

from poet.cleaning.formats.archive import Archive
from poet.cleaning.formats.libraries import library
from poet.cleaning.formats.tree import INLINE, LINE, PARAGRAPH, Rules, attribute, local_name, parse_xml, tree_to_text

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


DOCX_RULES = Rules(
    breaks=lambda _, name: (
        PARAGRAPH if name in ("p", "tbl", "footnote", "endnote") else LINE if name == "tr" else INLINE
    ),
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
)


def docx_to_text(content: bytes, name: str) -> str:
    """The running text of the DOCX file `content`, its footnotes and endnotes behind it; no heads and feet of pages."""
    archive = Archive(content, name)
    archive.check_total()
    docx = library("docx", "python-docx")
    try:
        document = docx.Document(io.BytesIO(content))
        body = document.element.body
        notes = [
            each.target_part
            for each in document.part.rels.values()
            if each.reltype.endswith(("/footnotes", "/endnotes"))
        ]
    # What python-docx and the libraries below it raise for files that are no DOCX, or a damaged one.
    except (KeyError, ValueError, AttributeError, OSError, SyntaxError, zipfile.BadZipFile) as error:
        raise archive.broken(f"it is no whole DOCX file ({error})") from None
    except docx.opc.exceptions.OpcError as error:
        raise archive.broken(f"it is no whole DOCX file ({error})") from None
    texts = [tree_to_text(body, DOCX_RULES)]
    texts += [tree_to_text(parse_xml(part.blob, name, str(part.partname)), DOCX_RULES) for part in notes]
    return "\n\n".join(text for text in texts if text) + "\n"
