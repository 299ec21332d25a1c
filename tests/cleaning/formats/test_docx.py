"""DOCX: the body as Word shows it, without heads and feet of pages."""

import io

import docx
import pytest
from docx.oxml import parse_xml
from hypothesis import given, settings

from poet.cleaning.formats import archive
from poet.cleaning.formats.docx import docx_to_text
from poet.errors import CleaningError
from tests.cleaning.formats.packed import zipped
from tests.cleaning.formats.paragraphs import PARAGRAPHS

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def saved(document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def test_a_document_becomes_running_text():
    document = docx.Document()
    document.add_heading("Chapter One", 1)
    paragraph = document.add_paragraph("Emma ")
    paragraph.add_run("Wood\u00adhouse").bold = True
    paragraph.add_run(",\nhandsome\tand rich.")
    document.add_paragraph("")
    document.add_table(1, 2).cell(0, 1).text = "In a table."
    document.sections[0].header.paragraphs[0].text = "HEAD"
    document.sections[0].footer.paragraphs[0].text = "FOOT"
    assert docx_to_text(saved(document), "a.docx") == (
        "Chapter One\n\nEmma Woodhouse,\nhandsome\tand rich.\n\nIn a table.\n"
    )


def test_tracked_changes_fields_and_contents():
    document = docx.Document()
    runs = (
        "<w:r><w:t xml:space='preserve'>One </w:t></w:r><w:ins><w:r><w:t>inserted</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>DELETED</w:delText></w:r></w:del>"
        "<w:sdt><w:sdtContent><w:r><w:t>, controlled</w:t></w:r></w:sdtContent></w:sdt>"
        "<w:r><w:instrText>FIELD</w:instrText></w:r>"
        "<w:fldSimple w:instr=' PAGE '><w:r><w:t>12</w:t></w:r></w:fldSimple>"
    )
    contents = "<w:pPr><w:pStyle w:val='TOC1'/><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr><w:r><w:t>TOC</w:t></w:r>"
    for inner in (contents, runs):
        document.element.body.insert(0, parse_xml(f"<w:p xmlns:w='{WORD}'>{inner}</w:p>"))
    assert docx_to_text(saved(document), "a.docx") == "One inserted, controlled\n"


def test_a_row_of_a_table_is_a_line_and_a_drop_cap_belongs_to_its_word():
    document = docx.Document()
    table = document.add_table(2, 2)
    for row, words in zip(table.rows, (("a", "b"), ("c", "d")), strict=True):
        for cell, word in zip(row.cells, words, strict=True):
            cell.text = word
    letter = document.add_paragraph("I")
    frame = f"<w:framePr xmlns:w='{WORD}' w:dropCap='drop' w:lines='3'/>"
    letter._p.get_or_add_pPr().append(parse_xml(frame))
    document.add_paragraph("t was the best of times.")
    document.add_paragraph("It was the worst.")
    assert docx_to_text(saved(document), "a.docx") == "a\tb\nc\td\n\nIt was the best of times.\n\nIt was the worst.\n"


def test_strict_open_xml_and_notes():
    """Word writes other namespaces into such files, and may write any address of a part."""
    relation = (
        "<Relationship Id='{0}' Type='http://purl.oclc.org/ooxml/officeDocument/relationships/{0}' Target='{1}'/>"
    )
    strict = "xmlns:w='http://purl.oclc.org/ooxml/wordprocessingml/main'"
    parts = {
        "_rels/.rels": f"<Relationships>{relation.format('officeDocument', '/text/main.xml')}</Relationships>",
        "text/_rels/main.xml.rels": f"<Relationships>{relation.format('footnotes', 'notes.xml')}</Relationships>",
        "text/main.xml": f"<w:document {strict}><w:body><w:p><w:r><w:t>One.</w:t></w:r></w:p></w:body></w:document>",
        "text/notes.xml": f"<w:footnotes {strict}><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote>"
        "</w:footnotes>",
    }
    assert docx_to_text(zipped(parts), "a.docx") == "One.\n\nA note.\n"


@settings(max_examples=20, deadline=None)  # opening python-docx's template takes most of the time
@given(PARAGRAPHS)
def test_round_trip(paragraphs):
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    assert docx_to_text(saved(document), "a.docx") == "\n\n".join(paragraphs) + "\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "no whole ZIP archive"),
        (zipped({"word/document.xml": "<a/>"}), "no whole DOCX file"),
        (zipped({"[Content_Types].xml": "<Types"}), "no whole DOCX file"),
        (saved(docx.Document())[:2000], "no whole ZIP archive"),
        (archive.COMPOUND_FILE, "is encrypted, or an old"),
    ],
)
def test_damaged_files(content, message):
    with pytest.raises(CleaningError, match=rf"a\.docx .*{message}"):
        docx_to_text(content, "a.docx")


def test_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1000)
    with pytest.raises(CleaningError, match=r"a\.docx unpacks to more than"):
        docx_to_text(saved(docx.Document()), "a.docx")
