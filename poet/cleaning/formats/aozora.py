"""The marks of Aozora Bunko, the library of Japanese texts: readings, notes to the typesetter, letters outside JIS.

Its files are plain text, which nothing but their words tells from others: the legend of the marks at the top, or the
name of the library beside the printed edition at the end. The marks are described at
https://www.aozora.gr.jp/aozora-manual/index-input.html.
"""

import re

# The legend ("about the signs in this text"), or the edition followed by the library's name.
AOZORA = re.compile(
    r"テキスト中に現れる記号について|^[ \t\u3000]*底本[ \t\u3000]*[：:](?=[\s\S]{0,4000}?青空文庫)", re.MULTILINE
)

# A letter outside the usual set: "※［＃「てへん＋勾」、第3水準1-84-72］", with its place in JIS X 0213 or in Unicode.
LETTER = re.compile(r"※［＃[^［］\n]{0,200}］")
JIS_PLACE = re.compile(r"([12])-(\d{1,2})-(\d{1,2})")
UNICODE_PLACE = re.compile(r"U\+([0-9A-Fa-f]{4,6})")

# What printers set for a letter that they do not have.
GETA = "〓"

# A reading: "東京《とうきょう》"; the mark ｜ says where the word begins that it belongs to.
READING = re.compile(r"《[^《》\n]{1,100}》|｜(?=[^《》\n]{1,100}《)")

# A note to the typesetter: "［＃改ページ］", also "［＃「霧」に傍点］"; one note at most inside another. A line that is
# nothing but notes goes whole.
_NOTE = r"［＃(?:[^［］\n]|［[^［］\n]*］)*］"
NOTES = re.compile(rf"^(?:[ \t\u3000]*{_NOTE})+[ \t\u3000]*\n|{_NOTE}", re.MULTILINE)


def aozora_to_text(text: str) -> str:
    """`text` without the marks of Aozora Bunko if it is from there; any other text as it is.

    >>> aozora_to_text("［＃３字下げ］東京《とうきょう》の※［＃「口＋奄」、第3水準1-15-6］\\n底本：「本」（青空文庫）")
    '東京の唵\\n底本：「本」（青空文庫）'
    """
    if not AOZORA.search(text):
        return text
    # Letters first, because a note to the typesetter looks the same but for the mark before it.
    text = LETTER.sub(_letter, text)
    # Readings before notes: a note can repeat a word, but never its reading.
    return NOTES.sub("", READING.sub("", text))


def _letter(match: re.Match[str]) -> str:
    """The letter that a note describes, by its place in Unicode or in JIS X 0213; GETA if it has neither."""
    if place := UNICODE_PLACE.search(match.group()):
        point = int(place[1], 16)
        return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else GETA
    if place := JIS_PLACE.search(match.group()):
        plane, row, cell = map(int, place.groups())
        # EUC writes a row and a cell as 0xA0 more than their numbers, and 0x8F before those of the second plane.
        code = bytes([0x8F] * (plane - 1) + [0xA0 + row, 0xA0 + cell]) if max(row, cell) <= 94 else b""
        return code.decode("euc_jis_2004", errors="ignore") or GETA
    return GETA
