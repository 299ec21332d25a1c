"""FB2: body and notes, without description and pictures, in the declared charset."""

from html import escape

import pytest
from hypothesis import given

from poet.cleaning.formats.fb2 import fb2_to_text
from poet.errors import CleaningError
from tests.cleaning.formats.paragraphs import PARAGRAPHS

ROOT = '<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">'


def fb2(body: str, start: str = '<?xml version="1.0" encoding="utf-8"?>') -> str:
    description = "<description><title-info><book-title>NO</book-title></title-info></description>"
    return f"{start}{ROOT}{description}<body>{body}</body><binary id='x'>AAAA</binary></FictionBook>"


@pytest.mark.parametrize("charset", ["windows-1251", "utf-8", "utf-16"])
def test_a_book_becomes_running_text(charset):
    body = (
        "<title><p>Война</p><p>и мир</p></title><section><title><p>I</p></title><p>Мир <emphasis>и</emphasis>\n"
        "тру\u00adд.</p><empty-line/><image l:href='#x'/><poem><stanza><v>раз</v><v>два</v></stanza>"
        "<stanza><v>три</v></stanza>"
        "<text-author>Поэт</text-author></poem></section>"
    ).replace("\u00ad", "" if charset == "windows-1251" else "\u00ad")
    content = fb2(body, f'<?xml version="1.0" encoding="{charset}"?>').encode(charset)
    assert fb2_to_text(content, "a.fb2") == "Война\nи мир\n\nI\n\nМир и труд.\n\nраз\nдва\n\nтри\n\nПоэт\n"


@given(PARAGRAPHS)
def test_round_trip(paragraphs):
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    assert fb2_to_text(fb2(body).encode(), "a.fb2") == "\n\n".join(paragraphs) + "\n"


def test_hostile_and_damaged_files(tmp_path):
    (tmp_path / "secret").write_text("SECRET", encoding="utf-8")
    start = f'<!DOCTYPE x [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    assert fb2_to_text(fb2("<p>One&x; two.</p>", start).encode(), "a.fb2") == "One two.\n"
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    with pytest.raises(CleaningError, match="entity amplification"):
        fb2_to_text(fb2("<p>One&e9; two.</p>", f"<!DOCTYPE x [<!ENTITY e0 'LOL'>{entities}]>").encode(), "a.fb2")
    with pytest.raises(CleaningError, match=r"a\.fb2 cannot be read: it is not well-formed XML"):
        fb2_to_text(fb2("<p>One</p>").encode()[:-20], "a.fb2")
    with pytest.raises(CleaningError, match=r"a\.fb2 is no FB2 file: it begins with <html>"):
        fb2_to_text(b"<html/>", "a.fb2")


def test_blemishes_of_the_markup_lose_no_word():
    body = (
        "One <strong><emphasis>two</strong></emphasis> & &amp; 3 < 4 &nbsp;&laquo;five&raquo; <x:b>six</x:b>\x0b seven"
    )
    assert fb2_to_text(fb2(f"<p>{body}").encode(), "a.fb2").split() == "One two & & 3 < 4 «five» six seven".split()
