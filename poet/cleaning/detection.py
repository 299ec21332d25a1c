"""Which charset bytes are written in, where nothing says so: each charset reads them, and the best reading is taken.

A reading is good if its characters outside ASCII are the frequent letters of one language (`poet.cleaning.alphabets`),
and if they stand where letters and marks stand: no capital behind a small letter, no symbol inside a word, no Greek
letter beside a Latin one. A statistical guess can be wrong, so it comes with its score and with the next candidates.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from poet.cleaning.alphabets import LANGUAGES, weights
from poet.cleaning.charsets import EBCDIC, MULTI_BYTE, SEVEN_BIT, SINGLE_BYTE

# Bytes that are scored. More do not change the result, and a book of 5 MB would be read by seventy charsets.
SAMPLE_BYTES = 6_000

# The sample also has a line for every byte above 127 that occurs, up to this length: one rare letter can decide.
SAMPLE_LIMIT = 20_000

# A language other than the one that the source names wins only if its score is higher by at least this.
OTHER_LANGUAGE = 0.4

# A declared charset, or the one that practice suggests, wins against readings that are better by less.
PREFERENCE = 0.3

# Windows-1252 is by far the most usual charset but UTF-8: it wins where few characters speak for another one. A text
# with USUAL_HALF characters outside ASCII halves this advantage.
USUAL = "cp1252"
USUAL_ADVANTAGE = 0.3
USUAL_HALF = 10

# A reading below this is no better than chance: letters at random have about the score 0.
PLAUSIBLE = 0.15

# Candidates that are named beside the best one, and how far below it their score may be.
MAX_CANDIDATES = 4
NEAR = 0.25

# Marks that printed texts of all languages have, and signs that are rarer.
MARKS = dict.fromkeys("“”‘’„‚«»‹›–—…¿¡", 0.6) | dict.fromkeys(
    "§°·£¢¥©®²³½¼¾×÷±µºª№¶†\u00a0\u00ad€،؛؟\u200c\u200e\u200f", 0.1
)

# Marks that stand inside a word: an apostrophe, a dash without blanks, the Catalan point, a soft hyphen.
INSIDE = "’—–·\u00ad\u00a0\u200c"

# Marks that stand before a word only.
OPENING = "¿¡„‚"

# Letters that stand only at the end of a word, and letters that have such a form and so do not stand there.
FINAL = "ςםןךףץ"
NOT_FINAL = "σכמנצ"

# Bytes of controls that no text has: in UTF-16 they are half of a character.
STRAY_BYTES = re.compile(rb"[\x00-\x08\x0e-\x19]")

# Signs of ASCII inside a word: letters of a national variant, read by another one.
BROKEN_WORD = re.compile(r"(?<=[^\W\d_])[\[\]{}\\|~@#$^`!\"%;](?=[^\W\d_])")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A charset, and how well the text that it reads agrees with a language: 1 at best, 0 by chance."""

    encoding: str
    score: float


def detect(content: bytes, language: str = "", preferred: Sequence[str] = ()) -> list[Reading]:
    """The charset that reads `content` best, and those that read it nearly as well, the best first.

    All of them can read the whole content. Of those that read the sample alike, only the most usual one is named.

    `language` (two letters, "" if unknown) is what the source says; `preferred` charsets are believed where the scores
    do not differ much. At least one charset is returned, because some have a meaning for every byte.

    >>> detect("Füße, Bären und Äpfel".encode("mac_roman"), "de")[0].encoding
    'mac_roman'
    """
    sample = _sample(content)
    best: dict[str, Reading] = {}  # by the text of the sample
    for encoding in dict.fromkeys([*preferred, *_possible(content)]):
        text = leniently(sample, encoding)
        # The Arabic charsets of the Macintosh also have the letters of Western Europe, but for words in Arabic texts.
        if text is None or (encoding in ("mac_arabic", "mac_farsi") and not re.search("[\u0621-\u06ff]", text)):
            continue
        if text in best:
            continue
        score = score_text(text, language) + (PREFERENCE if encoding in preferred else 0)
        if encoding == USUAL:
            outside = len(text) - len(text.encode("ascii", "ignore"))
            score += USUAL_ADVANTAGE / (1 + outside / USUAL_HALF)
        best[text] = Reading(encoding=encoding, score=score)
    ranked = sorted(best.values(), key=lambda reading: -reading.score)
    # The sample may lack what another line has: only a charset that reads every byte counts.
    readable: list[Reading] = []
    for reading in ranked:
        if readable and (reading.score < readable[0].score - NEAR or len(readable) == MAX_CANDIDATES):
            break
        if leniently(content, reading.encoding) is not None:
            readable.append(reading)
    return readable


def strictly(content: bytes, encoding: str) -> str | None:
    """All of `content` as text; None when a byte of it has no meaning in `encoding`."""
    return _decode(content, encoding, "strict")


def leniently(content: bytes, encoding: str) -> str | None:
    """As `strictly`, but a byte in a thousand may have no meaning: it becomes U+FFFD.

    A file that was cut in the middle of a character, or has a few damaged bytes, is read so.
    """
    text = _decode(content, encoding, "replace")
    return None if text is None or text.count("\ufffd") > 1 + len(text) // 1000 else text


def _decode(content: bytes, encoding: str, errors: str) -> str | None:
    try:
        text = content.decode(encoding, errors)
    # Some codecs raise plain UnicodeError (utf_16, utf_7).
    except UnicodeError:
        return None
    # Only utf_7 reads lone surrogates, which no text file can hold.
    return None if encoding == "utf_7" and re.search("[\ud800-\udfff]", text) else text


def _possible(content: bytes) -> Iterable[str]:
    """The charsets that the bytes allow at all."""
    if _is_ebcdic(content[:SAMPLE_BYTES]):
        return EBCDIC
    # Chinese in UTF-16 may have no zero byte, but then it has others that no text in one of the other charsets has.
    wide = ["utf_16_le", "utf_16_be"] if STRAY_BYTES.search(content) else []
    return [*SINGLE_BYTE, *MULTI_BYTE, *wide]


def _is_ebcdic(content: bytes) -> bool:
    """Whether the blanks are those of EBCDIC, 0x40: every twelfth byte at least, where ASCII has a rare sign, "@"."""
    # Bytes above 127 that are UTF-8 are no accident, and a line of a few "@" is no text in EBCDIC.
    if len(content) < 50 or (not content.isascii() and leniently(content, "utf_8") is not None):
        return False
    return content.count(0x40) > max(len(content) // 12, 4 * content.count(0x20))


def _shapes(content: bytes) -> Sequence[str]:
    """The charsets other than UTF-8 that zero bytes, escape sequences or the blanks of `content` suggest."""
    head = content[:SAMPLE_BYTES]
    if b"\x1b$" in head and head.isascii() and 0 not in head:
        return [each for each in SEVEN_BIT if each != "hz"]
    # A twentieth of all bytes: a blemish is rarer, and UTF-16 and UTF-32 have more.
    if 20 * len(STRAY_BYTES.findall(head)) > len(head):
        return ["utf_32_le", "utf_32_be", "utf_16_le", "utf_16_be"]
    if _is_ebcdic(head):
        return EBCDIC
    if not content.isascii():
        return []
    if b"~{" in content and b"~}" in content:
        return ["hz"]
    return ["utf_7"] if re.search(rb"\+[A-Za-z0-9+/]{3,}", content) else []


def detect_shape(content: bytes, language: str) -> list[Reading]:
    """The readings by a charset that zero bytes, escape sequences or blanks show; none for usual text.

    >>> detect_shape("Ünïcode".encode("utf-16-le"), "")[0].encoding
    'utf_16_le'
    """
    encodings = _shapes(content)
    readings = []
    sample = content[: SAMPLE_BYTES - SAMPLE_BYTES % 4]
    for encoding in encodings:
        text = leniently(sample, encoding)
        if text is None or (whole := strictly(content, encoding)) is None:
            continue
        # A sum such as "1+234" is UTF-7 by accident; what the codec writes itself is not.
        if encoding == "utf_7" and (whole.encode("utf_7") != content or whole.isascii()):
            continue
        score = score_text(text, language, whole=True)
        # Signs that usual texts have too, such as "~{", need more evidence than zero bytes or escape sequences.
        if score >= (0.5 if content.isascii() and b"\x1b" not in content and 0 not in content else PLAUSIBLE):
            readings.append(Reading(encoding=encoding, score=score))
    return sorted(readings, key=lambda reading: -reading.score)


def _sample(content: bytes) -> bytes:
    """Lines of `content` with bytes above 127: the first ones, and one for each such byte that they lack."""
    if len(content) <= SAMPLE_BYTES or _is_ebcdic(content[:SAMPLE_BYTES]):
        return content[:SAMPLE_BYTES]
    lines: list[bytes] = []
    size, seen = 0, set(range(128))
    for match in re.finditer(rb"[^\r\n]*[\x80-\xff][^\r\n]*[\r\n]*", content):
        # A text without line ends is one line; its beginning is enough. The end may cut a character in two.
        line = match[0][:SAMPLE_BYTES]
        if size < SAMPLE_BYTES or not seen.issuperset(line):
            lines.append(line)
            seen.update(line)
            size += len(line)
        if size >= SAMPLE_LIMIT:
            break
    return b"".join(lines)


def score_text(text: str, language: str = "", *, whole: bool = False) -> float:
    """How well `text` agrees with `language`, or with the best of all languages: 1 at best, 0 by chance.

    Only characters outside ASCII count, since every charset reads the others alike; all of them with `whole`.
    """
    count = Counter(char for char in text if char > "\x7f")
    faults, ascii_letters = _faults(text), 0
    if whole:
        ascii_letters = sum(each.isalpha() or each in " \n" for each in text if each < "\x80")
        faults += 2 * len(re.findall(r"[\x00-\x08\x0e-\x1f]", text))
    total = count.total() + ascii_letters + len(BROKEN_WORD.findall(text))
    if not total:
        return 0.5
    scores = {}
    for each in LANGUAGES:
        table = weights(each)
        scores[each] = sum(
            number * (table[char] if char in table else _foreign(char)) for char, number in count.items()
        )
    own = [each for each in LANGUAGES if language and each.split("-")[0] == language]
    best = max(scores[each] - (OTHER_LANGUAGE * total if own and each not in own else 0) for each in LANGUAGES)
    return (best + 0.8 * ascii_letters - faults) / total


def _foreign(char: str) -> float:
    """The weight of a character that is no letter of the language."""
    if char in MARKS:
        return MARKS[char]
    category = unicodedata.category(char)
    if category in ("Cc", "Cn", "Co") or char == "\ufffd":
        return -3.0
    # Letters of other scripts and rare ones of the own script; symbols, line drawings, fractions.
    return -0.5 if category[0] == "L" else -0.8


def _is_latin(char: str) -> bool:
    return char < "\u0250" or "\u1e00" <= char < "\u1f00"


def _faults(text: str) -> float:
    """The sum of what is wrong with the places of characters outside ASCII."""
    found = 1.0 * len(BROKEN_WORD.findall(text))
    padded = f" {text} "
    for match in re.finditer(r"[^\x00-\x7f]", padded):
        place = match.start()
        found += _fault(padded[place - 1], match[0], padded[place + 1])
    return found


def _fault(before: str, char: str, after: str) -> float:
    """How wrong it is that `char` stands between `before` and `after`."""
    left, right = before.isalpha(), after.isalpha()
    if not char.isalpha():
        # A mark that opens a phrase, but stands at its end.
        if char in OPENING and (left or after.isspace()):
            return 1.0
        # A sign inside a word.
        return 1.0 if left and right and char not in INSIDE and unicodedata.category(char) != "Mn" else 0.0
    wrong = 0.7 if before.isdigit() or after.isdigit() else 0.0
    # A capital behind a small letter; a small letter between capitals ("ß" has no capital that is used).
    if (before.islower() and char.isupper()) or (char.islower() and char != "ß" and left and after.isupper()):
        wrong += 1.0
    if _is_latin(char):
        # Three accented letters in a row are another script that is read as Latin.
        if left and right and before > "\x7f" and after > "\x7f":
            wrong += 1.0
    elif (left and before < "\x80") or (right and after < "\x80"):
        wrong += 1.0
    if (char in FINAL and right) or (char in NOT_FINAL and not right):
        wrong += 0.8
    return wrong
