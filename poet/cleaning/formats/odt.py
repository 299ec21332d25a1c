"""ODT (OpenDocument text, of LibreOffice): its part content.xml, read as XML."""

from typing import Any

from poet.cleaning.formats.archive import Archive
from poet.cleaning.formats.tree import INLINE, LINE, PARAGRAPH, Rules, attribute, parse_xml, tree_to_text
from poet.errors import CleaningError

CONTENT, MANIFEST = "content.xml", "META-INF/manifest.xml"

# More blanks than this in a row are no text; the number is only an attribute in the file.
MOST_BLANKS = 100

# What is no running text: fonts and styles; deleted text that is still recorded; comments; tables of contents and other
# indexes; the numbers of notes and pages; descriptions of pictures; forms.
DROPPED = frozenset(
    "scripts font-face-decls automatic-styles tracked-changes annotation annotation-end table-of-content "
    "illustration-index table-index object-index user-index alphabetical-index bibliography note-citation page-number "
    "page-count ruby-text title desc forms sequence-decls variable-decls user-field-decls".split()
)
PARAGRAPHS = frozenset({"h", "p", "section", "table", "list", "text-box"})
LINES = frozenset({"table-row"})


def _blanks(element: Any) -> str:
    count = attribute(element, "c")
    return " " * (min(int(count), MOST_BLANKS) if count.isdecimal() else 1)


ODT_RULES = Rules(
    breaks=lambda _, name: PARAGRAPH if name in PARAGRAPHS else LINE if name in LINES else INLINE,
    dropped=lambda _, name: name in DROPPED,
    literals={"s": _blanks, "tab": lambda _: "\t", "line-break": lambda _: "\n", "soft-page-break": lambda _: ""},
    holders=frozenset("h p span a meta meta-field ruby-base bookmark-ref reference-ref note-ref".split()),
    cells=frozenset({"table-cell", "covered-table-cell"}),
    deferred=frozenset({"note"}),
)


def odt_to_text(content: bytes, name: str) -> str:
    """The running text of the ODT file `content`; footnotes follow their paragraph."""
    archive = Archive(content, name)
    if MANIFEST in archive.parts and b"encryption-data" in archive.read(MANIFEST):
        raise CleaningError(f"{name} is encrypted. Open it in its program, and save a copy without a password.")
    return tree_to_text(parse_xml(archive.read(CONTENT), name, CONTENT), ODT_RULES) + "\n"
