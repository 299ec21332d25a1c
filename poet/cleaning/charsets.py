"""Which charsets there are, and which of them a declaration such as "ISO Latin-1" or "Windows Code Page 1252" means.

The names are those of Python's own text codecs, listed here. `codecs.lookup` is not used: it also finds codecs that
are no charsets (`rot_13`, `zlib_codec`, `idna`, `punycode`, `unicode_escape`), and an installed package may register a
codec that accepts any name.
"""

import encodings
import encodings.aliases
import re

UNICODE = "utf_8 utf_7 utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be".split()

# Several bytes per character. Where one charset extends another, the smaller one comes first.
MULTI_BYTE = (
    "gb18030 gbk gb2312 big5 cp950 big5hkscs shift_jis cp932 shift_jisx0213 shift_jis_2004 euc_jp euc_jisx0213 "
    "euc_jis_2004 euc_kr cp949 johab"
).split()

# Seven bits per byte; escape sequences switch to another set of characters.
SEVEN_BIT = ("iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_3 iso2022_jp_2004 iso2022_jp_ext iso2022_kr hz").split()

# One byte per character, the most usual first: where two of them read a text alike, the first one gets the name.
SINGLE_BYTE = (
    "cp1252 iso8859_15 latin_1 mac_roman cp850 cp437 cp1250 iso8859_2 cp1251 koi8_r koi8_u iso8859_5 cp866 "
    "mac_cyrillic cp855 cp1125 koi8_t "
    "kz1048 ptcp154 cp1253 iso8859_7 cp737 cp869 mac_greek cp1254 iso8859_9 cp857 mac_turkish cp1255 iso8859_8 cp862 "
    "cp856 cp1256 iso8859_6 cp864 cp720 mac_arabic mac_farsi cp1257 iso8859_13 iso8859_4 cp775 iso8859_3 iso8859_10 "
    "iso8859_14 iso8859_16 cp858 cp852 mac_latin2 mac_croatian mac_romanian mac_iceland cp860 "
    "cp861 cp863 cp865 cp874 iso8859_11 tis_620 cp1258 hp_roman8 palmos cp1006"
).split()

# The single-byte charsets of IBM's large computers, in which not even the letters a to z are those of ASCII.
EBCDIC = "cp037 cp500 cp1140 cp273 cp1026 cp424 cp875".split()

CHARSETS = frozenset(["ascii", *UNICODE, *MULTI_BYTE, *SEVEN_BIT, *SINGLE_BYTE, *EBCDIC])

# "Latin-5" is ISO 8859-9: the names count the Latin alphabets only, the numbers of ISO all of them.
LATIN_PARTS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 9, 6: 10, 7: 13, 8: 14, 9: 15, 10: 16}

# Numbers of code pages whose codec in Python is not called `cp` and the number.
CODE_PAGES = {
    "936": "gbk", "1200": "utf_16_le", "1201": "utf_16_be", "1361": "johab", "10000": "mac_roman", "10006": "mac_greek",
    "10007": "mac_cyrillic", "10029": "mac_latin2", "10079": "mac_iceland", "10081": "mac_turkish",
    "12000": "utf_32_le", "20127": "ascii", "20866": "koi8_r", "20932": "euc_jp", "21866": "koi8_u",
    "50220": "iso2022_jp", "51932": "euc_jp", "51936": "gb2312", "51949": "euc_kr", "54936": "gb18030",
    "65000": "utf_7", "65001": "utf_8",
}  # fmt: skip

# What the rest of a declaration looks like, in lower case with single blanks as the only separators, and its charset.
# The first pattern that matches decides, so that "big5 hkscs" comes before "big5".
SPELLINGS = [
    (r"\butf ?8|\bunicode\b(?!.*\b(16|32)\b)|\biso ?10646", "utf_8"),
    (r"\butf ?7", "utf_7"),
    (r"\b(utf|ucs|unicode) ?(16|2) ?le", "utf_16_le"),
    (r"\b(utf|ucs|unicode) ?(16|2) ?be", "utf_16_be"),
    (r"\b(utf|ucs|unicode) ?(16|2)\b", "utf_16"),
    (r"\b(utf|ucs|unicode) ?(32|4) ?le", "utf_32_le"),
    (r"\b(utf|ucs|unicode) ?(32|4) ?be", "utf_32_be"),
    (r"\b(utf|ucs|unicode) ?(32|4)\b", "utf_32"),
    (r"\bmac.*cyril", "mac_cyrillic"),
    (r"\bmac.*greek", "mac_greek"),
    (r"\bmac.*turk", "mac_turkish"),
    (r"\bmac.*(latin ?2|central|\bce\b|east)", "mac_latin2"),
    (r"\bmac.*croat", "mac_croatian"),
    (r"\bmac.*romania", "mac_romanian"),
    (r"\bmac.*icel", "mac_iceland"),
    (r"\bmac.*(farsi|persian)", "mac_farsi"),
    (r"\bmac.*arab", "mac_arabic"),
    (r"\bmac(intosh|roman| ?os)?\b|\bapple\b", "mac_roman"),
    (r"\bkoi ?8 ?u", "koi8_u"),
    (r"\bkoi ?8 ?t", "koi8_t"),
    (r"\bkoi ?8", "koi8_r"),
    (r"\bbig ?5 ?(hk|hkscs)", "big5hkscs"),
    (r"\bbig ?5", "big5"),
    (r"\bgb ?18030", "gb18030"),
    (r"\bgbk\b", "gbk"),
    (r"\bgb ?2312|\beuc ?cn\b|\bgb\b", "gb2312"),
    (r"\bhz\b", "hz"),
    (r"\biso ?2022 ?jp", "iso2022_jp"),
    (r"\biso ?2022 ?kr", "iso2022_kr"),
    (r"\bwindows ?31j|\bms ?kanji", "cp932"),
    (r"\b(shift|s) ?jis", "shift_jis"),
    (r"\beuc ?jp", "euc_jp"),
    (r"\beuc ?kr|\bks ?c ?5601|\bks ?x ?1001", "euc_kr"),
    (r"\buhc\b", "cp949"),
    (r"\bjohab\b", "johab"),
    (r"\btis ?620", "tis_620"),
    (r"\bascii\b|\biso ?646|\b7 ?bit\b", "ascii"),
    (r"\blatin cyrillic", "iso8859_5"),
    (r"\blatin arabic", "iso8859_6"),
    (r"\blatin greek", "iso8859_7"),
    (r"\blatin hebrew", "iso8859_8"),
    (r"\blatin\b|\bwestern\b", "latin_1"),
    (r"\bansi\b|\bwindows\b", "cp1252"),
]

# What replaces a charset that cannot read a file: the vendor's extension of it, which is often declared by its name.
EXTENSIONS = {
    "gb2312": ["gbk", "gb18030"],
    "gbk": ["gb18030"],
    "big5": ["cp950", "big5hkscs"],
    "shift_jis": ["cp932", "shift_jis_2004"],
    "euc_jp": ["euc_jis_2004"],
    "euc_kr": ["cp949"],
    "iso2022_jp": ["iso2022_jp_ext", "iso2022_jp_2004"],
    "tis_620": ["cp874"],
}


def charset_of(declaration: str) -> str:
    """The codec that `declaration` means, by the whole line; "" when it names no charset that Python has.

    >>> [charset_of(line) for line in ("ISO Latin-1", "Windows Code Page 1252", "ISO-646-US (US-ASCII)", "Latin-4")]
    ['latin_1', 'cp1252', 'ascii', 'iso8859_4']
    >>> charset_of("TeX"), charset_of("rot_13"), charset_of("UTF8")
    ('', '', 'utf_8')
    """
    normal = encodings.normalize_encoding(declaration.strip().lower())
    codec = encodings.aliases.aliases.get(normal, normal)
    if codec in CHARSETS or codec == "iso8859_1":
        return "latin_1" if codec == "iso8859_1" else codec
    words = " ".join(re.findall(r"[a-z0-9]+", declaration.lower()))
    # Names of Python's codecs that are no charsets.
    if re.search(r"\b(escape|codec)$", words):
        return ""
    return _by_number(words) or next((codec for shape, codec in SPELLINGS if re.search(shape, words)), "")


def _by_number(words: str) -> str:
    """The charset whose number is in `words`: of a part of ISO 8859, of a Latin alphabet, of a code page."""
    if part := re.search(r"8859 ?(\d{1,2})(?!\d)", words):
        return _iso_part(int(part[1]))
    if (part := re.search(r"\blatin ?(\d{1,2})\b", words)) and "mac" not in words:
        return _iso_part(LATIN_PARTS.get(int(part[1]), 0))
    # "cp1252", "codepage 850", "ms dos 437" and "1252" alone; not the years and numbers of standards.
    for number in re.findall(r"(?<!\d)(\d{3,5})(?!\d)", words):
        codec = CODE_PAGES.get(number, f"cp{number}")
        if codec in CHARSETS and not re.search(rf"(iso|ks|gb)[ cx]*{number}", words):
            return codec
    return ""


def _iso_part(number: int) -> str:
    codec = "latin_1" if number == 1 else f"iso8859_{number}"
    return codec if codec in CHARSETS else ""


def with_extensions(charset: str) -> list[str]:
    """`charset` and the charsets that extend it, in the order in which a file that declares it is read.

    >>> with_extensions("big5"), with_extensions("koi8_r")
    (['big5', 'cp950', 'big5hkscs'], ['koi8_r'])
    """
    return [charset, *EXTENSIONS.get(charset, [])]
