"""A normalised view of a text, in which near copies are equal, and the way back to the original characters.

A search for verbatim copies misses a copy in which only a quote, a dash, the case or a line break differs (Ippolito et
al. 2022, arXiv 2210.17546). So texts are searched a second time after normalising both sides:

- one width: "Ａ，" becomes "A,", and "ｱ｡" becomes "ア.": East Asian editions write either;
- joined: white space beside Chinese or Japanese, which write no blanks, is dropped: a line end there is layout;
- composed: "e" with a combining accent becomes "é" (Unicode NFC);
- plain: all kinds of white space become " ", quotes ' and ", dashes "-";
- case-folded: "Straße" becomes "strasse";
- a run of white space, or of dashes, becomes one character.

A match in the view is shown in the original text, so each character of the view keeps its `origin` there.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Everything for which str.isspace is true; a test compares the two.
SPACES = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

# One character for one character, so that `str.translate` moves nothing.
PLAIN = str.maketrans(
    dict.fromkeys(SPACES, " ")
    | dict.fromkeys("‘’‚‛‹›′`´『』", "'")
    | dict.fromkeys("“”„‟«»″「」〝〞〟", '"')
    # Editions of Japanese differ in the pair that they use, "、。" or "，．", and half-width text has ",.".
    | {"。": ".", "、": ",", "・": "·", "〜": "~"}
    # Plain-text editions write a dash as "--". That is why a run of dashes counts as one.
    | dict.fromkeys("‐‑‒–—―−", "-")
)

# Unicode's own table of the characters that exist once more in another width or form, for East Asian layouts. One
# character for one character too. All are between these code points.
FORMS = {"<wide>", "<narrow>", "<small>", "<vertical>"}
WIDTHS = {
    code: int(parts[1], 16)
    for code in range(0xFE10, 0xFFEF)
    if len(parts := unicodedata.decomposition(chr(code)).split()) == 2 and parts[0] in FORMS
}

# Chinese and Japanese: signs, kana, bopomofo, Han, half-width kana, and full-width punctuation. Not Korean, which
# writes blanks.
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = "\u3041-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\uff66-\uff9f々〇"
UNSPACED = rf"{HAN}{KANA}\u3001-\u3004\u3006\u3008-\u303f\ufe30-\ufe4f！（），．：；？［］｛｝～｟-･"
# All of them, and all of WIDTHS, come after these code points.
FAR_EAST = re.compile("[\u3001-\U0010ffff]")

# White space beside these scripts, or with nothing but marks of punctuation between. `\s++` gives no blank back, so a
# long run of blanks takes no more than one pass. Behind the blank, the marks are none of ASCII: there a text may be cut
# (`CUT`), and what follows a cut is unknown.
JOINED = re.compile(rf"(?P<before>[{UNSPACED}][!-/:-@\[-`{{-~‐-‧]*+)\s++|(?<!\s)\s++(?=[‐-‧]*[{UNSPACED}])")

# Where a text may be cut so that the parts can be normalised one by one: after white space and before a visible ASCII
# character, or between two Han characters. Such a character never composes with the one before it, no run of spaces or
# dashes crosses the cut, and whether the white space before it is dropped depends on nothing behind it.
CUT = re.compile(rf"(?<=\s)[!-~]|(?<=[{HAN}])[{HAN}]")

# Characters of such a part. The arrays of one part take about a megabyte.
PART = 1 << 15


@dataclass(frozen=True, kw_only=True)
class Normalised:
    """The normalised `text`, and where its characters are in the original.

    Character i of `text` comes from the character `origin[i]` of the original; `origin` is (len(text) + 1,), never
    falls, and ends with the length of the original.
    """

    text: str
    origin: NDArray[np.int64]


def normalise(text: str) -> Normalised:
    """The normalised view of `text`.

    >>> view = normalise("“Ha\\n\\nHA”")
    >>> view.text, view.origin.tolist()
    ('"ha ha"', [0, 1, 2, 3, 5, 6, 7, 8])
    """
    joined, kept_from = _join(text)
    composed, origin = _compose(joined)
    origin = kept_from[origin]
    plain = composed.translate(PLAIN)

    folded = plain.casefold()
    if len(folded) != len(plain):
        # Some letters become several: ß becomes ss, and both s have the origin of the ß.
        widths = np.fromiter((len(letter.casefold()) for letter in plain), np.int64, len(plain))
        origin = np.append(np.repeat(origin[:-1], widths), origin[-1])

    # Drop every space that follows a space, and every dash that follows a dash. As UTF-32, characters are integers.
    codes = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype="<u4")  # (characters,)
    repeated = (codes[1:] == codes[:-1]) & ((codes[1:] == ord(" ")) | (codes[1:] == ord("-")))
    kept = np.concatenate((np.ones(min(1, len(codes)), dtype=bool), ~repeated))  # (characters,), the first is kept
    return Normalised(
        text=codes[kept].tobytes().decode("utf-32-le", "surrogatepass"),
        origin=origin[np.append(kept, True)],  # with the length of the original at the end
    )


def independent_parts(text: str, size: int = PART) -> Iterator[tuple[int, str]]:
    """Cut `text` into (start, part) of at least `size` characters that can be normalised independently.

    The normalised parts joined are the normalised text. The last part may be shorter.

    >>> list(independent_parts("one two three", 2))
    [(0, 'one '), (4, 'two '), (8, 'three')]
    """
    start = 0
    while start < len(text):
        cut = CUT.search(text, start + size)
        end = cut.start() if cut else len(text)
        yield start, text[start:end]
        start = end


def _join(text: str) -> tuple[str, NDArray[np.int64]]:
    """`text` in one width, without the white space of JOINED, and the origin of each character: (characters + 1,).

    >>> joined, origin = _join("one 天\\n地")
    >>> joined, origin.tolist()
    ('one天地', [0, 1, 2, 4, 6, 7])
    """
    everything = np.arange(len(text) + 1)
    # The usual case: most texts have none of these characters.
    if not FAR_EAST.search(text):
        return text, everything
    kept = np.ones(len(text) + 1, dtype=bool)
    for run in JOINED.finditer(text):
        kept[max(run.start(), run.end("before")) : run.end()] = False
    joined = JOINED.sub(lambda run: run["before"] or "", text)
    return joined.translate(WIDTHS), everything[kept]


def _compose(text: str) -> tuple[str, NDArray[np.int64]]:
    """`text` in NFC, and the origin of each of its characters: (characters + 1,).

    >>> composed, origin = _compose("cafe\\u0301!")
    >>> composed, origin.tolist()
    ('café!', [0, 1, 2, 3, 5, 6])
    """
    # The usual case: most texts are composed already.
    if unicodedata.is_normalized("NFC", text):
        return text, np.arange(len(text) + 1)

    # unicodedata does not say which characters became which. So we compose group by group: where a group changes, all
    # of its characters get the start of the group as their origin.
    parts: list[str] = []
    origin: list[int] = []
    for start, end in _groups(text):
        group = text[start:end]
        composed = unicodedata.normalize("NFC", group)
        origin += range(start, end) if composed == group else [start] * len(composed)
        parts.append(composed)
    return "".join(parts), np.array([*origin, len(text)], dtype=np.int64)


def _groups(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of the groups of `text` that can be composed independently: a character with its marks.

    >>> list(_groups("cafe\\u0301!"))
    [(0, 1), (1, 2), (2, 3), (3, 5), (5, 6)]
    """
    start = 0
    for i, letter in enumerate(text):
        if i and _begins_a_group(letter):
            yield start, i
            start = i
    yield start, len(text)


@functools.cache
def _begins_a_group(letter: str) -> bool:
    """Whether composition never joins `letter` to the characters before it, and never moves it before them.

    >>> _begins_a_group("e"), _begins_a_group("\\u0301")
    (True, False)
    """
    # NFC joins nothing but marks (category M) to the character before, with one exception that it computes: the vowels
    # and final consonants of Hangul. A test goes through all of Unicode.
    first = unicodedata.normalize("NFD", letter)[0]
    return not (unicodedata.category(first).startswith("M") or "\u1161" <= first <= "\u11ff")
