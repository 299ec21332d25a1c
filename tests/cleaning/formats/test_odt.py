"""ODT: content.xml as LibreOffice shows it."""

from html import escape

import pytest
from hypothesis import given

from poet.cleaning.formats import archive
from poet.cleaning.formats.odt import odt_to_text
from poet.errors import CleaningError
from tests.cleaning.formats.packed import zipped
from tests.cleaning.formats.paragraphs import PARAGRAPHS

NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table", "draw")
)


def odt(body: str, start: str = "") -> bytes:
    content = f"{start}<office:document-content {NAMES}><office:body><office:text>{body}</office:text></office:body>"
    return zipped({
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f"{content}</office:document-content>",
    })


def test_a_document_becomes_running_text():
    body = (
        "<text:tracked-changes><text:p>DELETED</text:p></text:tracked-changes>"
        "<text:table-of-content><text:p>TOC</text:p></text:table-of-content><text:h>Chapter</text:h>\n"
        "<text:p>Emma <text:span>Wood\u00adhouse</text:span>,<text:s text:c='2'/>rich<text:note><text:note-citation>1"
        "</text:note-citation><text:note-body><text:p>A note.</text:p></text:note-body></text:note><text:line-break/>"
        "and<text:tab/>young.<text:s text:c='999999999'/></text:p><text:p/>"
        "<text:list><text:list-item><text:p>one</text:p></text:list-item></text:list>"
    )
    assert odt_to_text(odt(body), "a.odt") == "Chapter\n\nEmma Woodhouse,  rich\nand\tyoung.\n\nA note.\n\none\n"


def test_a_row_of_a_table_is_a_line():
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    row = f"<table:table-row>{cell}{cell}</table:table-row>"
    table = f"<table:table>{row.format('a', 'b')}{row.format('c', 'd')}</table:table>"
    assert odt_to_text(odt(f"<text:p>one</text:p>{table}"), "a.odt") == "one\n\na\tb\nc\td\n"


@given(PARAGRAPHS)
def test_round_trip(paragraphs):
    body = "".join(f"<text:p>{escape(paragraph)}</text:p>" for paragraph in paragraphs)
    assert odt_to_text(odt(body), "a.odt") == "\n\n".join(paragraphs) + "\n"


def test_a_document_of_odfpy_is_read():
    text = pytest.importorskip("odf.text")
    document = pytest.importorskip("odf.opendocument").OpenDocumentText()
    document.text.addElement(text.H(outlinelevel=1, text="Chapter"))
    document.text.addElement(text.P(text="Emma."))
    file = pytest.importorskip("io").BytesIO()
    document.write(file)
    assert odt_to_text(file.getvalue(), "a.odt") == "Chapter\n\nEmma.\n"


def test_hostile_and_damaged_files(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("SECRET", encoding="utf-8")
    entity = f'<!DOCTYPE x [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    assert odt_to_text(odt("<text:p>One&x; two.</text:p>", entity), "a.odt") == "One two.\n"
    with pytest.raises(CleaningError, match=r"a\.odt is encrypted"):
        odt_to_text(zipped({"META-INF/manifest.xml": "<encryption-data/>", "content.xml": "x"}), "a.odt")
    with pytest.raises(CleaningError, match=r"a\.odt .*'content.xml' is not well-formed"):
        odt_to_text(zipped({"content.xml": "<a"}), "a.odt")
    with pytest.raises(CleaningError, match=r"a\.odt .*no whole ZIP archive"):
        odt_to_text(odt("x")[:-30], "a.odt")
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1000)
    with pytest.raises(CleaningError, match=r"a\.odt unpacks to more than"):
        odt_to_text(odt("<text:p>" + "a" * 2000 + "</text:p>"), "a.odt")
