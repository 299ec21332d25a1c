"""What declarations of a charset mean."""

import codecs

import pytest

from poet.cleaning.charsets import CHARSETS, charset_of


@pytest.mark.parametrize(
    ("charset", "spellings"),
    [
        ("latin_1", ["ISO-8859-1", "ISO 8859-1", "ISO_8859-1", "iso88591", "8859-1", "ISO Latin-1", "Latin1"]),
        ("latin_1", ["ISO-8859-1:1987", "ISO-Latin-1", "Latin", "Western (ISO-8859-1)"]),
        ("iso8859_15", ["ISO-8859-15", "Latin-9", "iso 8859_15"]),
        ("iso8859_4", ["Latin-4", "ISO-8859-4", "latin 4"]),
        ("iso8859_9", ["Latin-5", "Latin5"]),
        ("cp1252", ["CP-1252", "cp1252", "Windows-1252", "Windows Code Page 1252", "MS-Windows 1252", "1252", "ANSI"]),
        ("cp850", ["Codepage 850", "IBM850", "IBM-850", "cp 850", "PC-850"]),
        ("cp437", ["MS-DOS 437", "CP437"]),
        ("ascii", ["ASCII", "US-ASCII", "ISO-646-US (US-ASCII)", "7-bit ASCII"]),
        ("utf_8", ["UTF8", "utf-8", "UTF 8", "Unicode", "Unicode UTF-8", "Unicode (UTF-8)", "UTF-8 with BOM", "65001"]),
        ("utf_16", ["UTF-16", "Unicode UTF-16"]),
        ("mac_roman", ["Mac Roman", "MacIntosh", "Macintosh Roman", "x-mac-roman", "MacRoman"]),
        ("mac_cyrillic", ["Mac Cyrillic", "x-mac-cyrillic"]),
        ("koi8_r", ["KOI8-R", "koi8r", "KOI8"]),
        ("gb2312", ["GB2312", "GB-2312", "EUC-CN"]),
        ("big5", ["Big5", "BIG-5", "Big 5"]),
        ("shift_jis", ["Shift-JIS", "SJIS", "Shift_JIS"]),
        ("euc_kr", ["EUC-KR", "KS_C_5601-1987"]),
        ("", ["TeX", "None", "MIDI", "", "klingon", "rot_13", "ROT-13", "zlib_codec", "idna", "punycode"]),
        ("", ["unicode_escape", "raw_unicode_escape", "undefined", "base64", "hex", "mbcs", "oem", "8859-99"]),
    ],
)  # fmt: skip
def test_spellings(charset, spellings):
    assert {spelling: charset_of(spelling) for spelling in spellings} == dict.fromkeys(spellings, charset)


def test_a_codec_that_a_package_registers_is_no_charset():
    def catch_all(name):
        return codecs.lookup("ascii") if name.startswith("klingon") else None

    codecs.register(catch_all)
    try:
        assert charset_of("klingon") == ""
    finally:
        codecs.unregister(catch_all)


def test_python_has_all_charsets_and_they_read_bytes():
    for charset in CHARSETS:
        assert isinstance(b"abcd".decode(charset, "replace"), str), charset
