"""Bytes to text. These rules are tried in order: what the source's settings say; a byte order mark; the shapes of
UTF-16 and of charsets of seven bits; UTF-8, also with a few bad bytes; the charset that the file declares; detection.

How a text was decoded is recorded with it, and whatever was guessed is flagged. Single damaged characters are no reason
to refuse a book: controls are dropped, unreadable characters stay as U+FFFD, and both are counted.
"""

import codecs
import dataclasses
import re
from dataclasses import dataclass
from typing import Literal

from poet.cleaning.charsets import CHARSETS, charset_of, with_extensions
from poet.cleaning.detection import Reading, detect, detect_shape, leniently, score_text, strictly
from poet.errors import CleaningError

# The mark of UTF-32-LE begins with that of UTF-16-LE.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF32_LE, "utf_32_le"),
    (codecs.BOM_UTF32_BE, "utf_32_be"),
    (codecs.BOM_UTF16_LE, "utf_16_le"),
    (codecs.BOM_UTF16_BE, "utf_16_be"),
)

# "Character set encoding: ISO-8859-1", as Gutenberg's headers declare it. The whole line counts.
DECLARED_CHARSET = re.compile(rb"Character set encoding: *([^\r\n]+)", re.IGNORECASE)

# How many bytes at the start of a file are searched for the declaration.
DECLARATION_BYTES = 10_000

# Declarations behind which Windows-1252 is usual: bytes above 127 contradict ASCII, bytes that are not UTF-8 contradict
# Unicode, and the controls 0x80 to 0x9f of Latin-1 are the quotes and dashes of Windows-1252.
OFTEN_CP1252 = ("utf_8", "ascii", "latin_1")

# How many characters a declared charset must read well for its reading to be believed; letters at random have 0.
NONSENSE = 0.0

# Line ends besides LF. NEL is the line end of EBCDIC; a vertical tab is how Word exports a line break.
LINE_ENDS = ("\r\n", "\r", "\v", "\x85")

# Controls that no text contains, and U+FEFF: inside a text it is a byte order mark that was left where files were
# joined. Tab, line feed and form feed (a page break) stay.
CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufeff]")

# A file is refused if controls, or unreadable characters, are a larger share of it. Of the bytes of packed files,
# pictures and programs, a tenth are controls. A text that lost all letters outside ASCII lost 1.7 % of all (German) or
# more. Short texts may have a few in any case, but not half of them controls.
MAX_DAMAGE = 0.01
SOME_CONTROLS = 2
SOME_UNREADABLE = 9

# Bad bytes whose places are recorded.
MAX_PLACES = 5

UNREADABLE = "\ufffd"

Rule = Literal["setting", "mark", "utf-8", "declared", "guessed", "format"]


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How the bytes of a file became characters.

    `confidence` is 1 where no statistics were needed, else the score of the best of `candidates`. `bad_places` are the
    offsets of the first bytes, of `bad_bytes` in all, that are not UTF-8 in a text that otherwise is. `controls` counts
    the dropped characters, `unreadable` the U+FFFD that the text has.
    """

    encoding: str
    rule: Rule
    confidence: float = 1.0
    candidates: tuple[Reading, ...] = ()
    bad_bytes: int = 0
    bad_places: tuple[int, ...] = ()
    controls: int = 0
    unreadable: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to say about it: UTF-8 without a blemish."""
        return self.encoding == "utf_8" and not self.controls and not self.unreadable

    @property
    def summary(self) -> str:
        """What happened, in a few words for the manifest.

        >>> Decoding(encoding="utf_8", rule="utf-8", bad_bytes=1, bad_places=(77,), controls=2, unreadable=1).summary
        'utf_8 1 bad bytes at 77; 2 controls dropped; 1 unreadable'
        >>> Decoding(encoding="cp1251", rule="guessed", confidence=0.71).summary
        'cp1251 guessed 0.71'
        """
        how = {"utf-8": "", "guessed": f" guessed {self.confidence}"}.get(self.rule, f" {self.rule}")
        parts = [self.encoding + how]
        if self.bad_bytes:
            places = ", ".join(str(place) for place in self.bad_places)
            parts[0] += f" {self.bad_bytes} bad bytes at {places}"
        if self.controls:
            parts.append(f"{self.controls} controls dropped")
        if self.unreadable:
            parts.append(f"{self.unreadable} unreadable")
        return "; ".join(parts)

    @property
    def flags(self) -> tuple[str, ...]:
        """Remarks for the manifest.

        >>> readings = (Reading(encoding="cp1251", score=0.8), Reading(encoding="koi8_r", score=0.7))
        >>> Decoding(encoding="cp1251", rule="guessed", candidates=readings).flags
        ('encoding-guessed-cp1251-or-koi8_r',)
        """
        flags = []
        if self.rule == "guessed":
            flags.append("encoding-guessed-" + "-or-".join(reading.encoding for reading in self.candidates))
        if self.bad_bytes:
            flags.append(f"bad-utf-8-bytes-{self.bad_bytes}")
        if self.unreadable:
            flags.append(f"unreadable-characters-{self.unreadable}")
        return tuple(flags)


# Of nearly every book today: UTF-8 without a blemish.
PLAIN = Decoding(encoding="utf_8", rule="utf-8")

# That of a format that is not a text file and says itself how its bytes are decoded.
OF_FORMAT = Decoding(encoding="utf_8", rule="format")


@dataclass(frozen=True, kw_only=True)
class DecodedText:
    """A text, how it was decoded, and the characters that were dropped from it."""

    text: str
    decoding: Decoding
    dropped: str = ""


def decode(content: bytes, name: str) -> str:
    """The text of `content`, with line ends as `\\n`; CleaningError, which calls the file `name`, if it is no text.

    >>> decode(b"na\\xefve\\r\\n", "a.txt")
    'naïve\\n'
    """
    return read_text(content, name).text


def read_text(content: bytes, name: str, *, language: str = "", encoding: str = "") -> DecodedText:
    """As `decode`, with the record of how it was done.

    `language` (two letters) helps where the charset must be guessed; `encoding`, the setting of the source, overrules
    everything else.
    """
    text, found = _characters(content, name, language, encoding)
    for line_end in LINE_ENDS:
        text = text.replace(line_end, "\n")
    # DOS marks the end of a file with 0x1a.
    text = text.rstrip("\x1a")
    return without_controls(text, name, found)


def without_controls(text: str, name: str, found: Decoding) -> DecodedText:
    """`text`, which was decoded as `found` says, without its control characters, which are counted.

    CleaningError if there are too many of them, or of unreadable characters.
    """
    dropped = "".join(CONTROLS.findall(text))
    _check_damage(text, dropped, name, found)
    if dropped:
        text = CONTROLS.sub("", text)
    decoding = dataclasses.replace(found, controls=len(dropped), unreadable=text.count(UNREADABLE))
    return DecodedText(text=text, decoding=decoding, dropped=dropped)


def _check_damage(text: str, dropped: str, name: str, found: Decoding) -> None:
    """CleaningError if `text` has too many control characters (a binary file) or unreadable ones (a ruined text)."""
    controls = len(dropped) - dropped.count("\ufeff")
    if controls > max(min(SOME_CONTROLS, len(text) // 3), MAX_DAMAGE * len(text)):
        control = next(char for char in dropped if char != "\ufeff")
        raise CleaningError(
            f"{name} is not a text: {controls:,} of its {len(text):,} characters are control characters, the first "
            f"{control!r} at character {text.index(control)} (read as {found.encoding}). Remove the file, convert it "
            "to a .txt file, or set `encoding` of its source."
        )
    unreadable = text.count(UNREADABLE)
    if unreadable > max(SOME_UNREADABLE, MAX_DAMAGE * len(text)):
        raise CleaningError(
            f"{name} is ruined: {unreadable:,} of its {len(text):,} characters are unreadable (U+FFFD), the first at "
            f"character {text.index(UNREADABLE)}; an earlier conversion lost them, or it is not {found.encoding}. Get "
            "a fresh copy, or set `encoding` of its source."
        )


def _characters(content: bytes, name: str, language: str, encoding: str) -> tuple[str, Decoding]:
    """The characters of `content` by the first rule of this module that applies."""
    if encoding:
        return _by_setting(content, name, encoding)
    for mark, marked in BYTE_ORDER_MARKS:
        if content.startswith(mark) and (marked != "utf_32_le" or strictly(content, marked) is not None):
            return _by_mark(content.removeprefix(mark), marked)
    if readings := detect_shape(content, language):
        return _guessed(content, readings)
    # Letters in another charset are practically never valid UTF-8 by accident.
    if (text := strictly(content, "utf_8")) is not None:
        return text, Decoding(encoding="utf_8", rule="utf-8")
    if mixed := _mostly_utf8(content):
        return mixed
    declared = DECLARED_CHARSET.search(content[:DECLARATION_BYTES])
    charset = charset_of(declared[1].decode("latin_1")) if declared else ""
    if charset and (read := _by_declaration(content, charset, language)):
        return read
    preferred = ["cp1252"] if charset in OFTEN_CP1252 else with_extensions(charset) if charset else []
    return _guessed(content, detect(content, language, preferred))


def _by_setting(content: bytes, name: str, encoding: str) -> tuple[str, Decoding]:
    """`content` by the setting `encoding`; what that cannot read becomes U+FFFD."""
    charset = charset_of(encoding)
    if charset not in CHARSETS:
        raise CleaningError(
            f"{name}: the setting `encoding: {encoding}` of its source is no charset that Python has. Write one such "
            "as utf-8, cp1252, iso-8859-2, koi8-r or big5."
        )
    text = _replacing(content, charset).removeprefix("\ufeff")
    return text, Decoding(encoding=charset, rule="setting")


def _by_mark(content: bytes, encoding: str) -> tuple[str, Decoding]:
    """`content`, whose byte order mark says `encoding`."""
    if encoding == "utf_8":
        text, decoding = _mixed_utf8(content)
        return text, dataclasses.replace(decoding, rule="mark")
    return _replacing(content, encoding), Decoding(encoding=encoding, rule="mark")


def _replacing(content: bytes, encoding: str) -> str:
    """`content` in `encoding`; U+FFFD for what it cannot read, also for half a surrogate pair."""
    try:
        text = content.decode(encoding, "replace")
    # utf_16 and utf_32 need an order of bytes that a damaged file may lack.
    except UnicodeError:
        text = content.decode("latin_1")
    return re.sub("[\ud800-\udfff]", UNREADABLE, text)


def _mostly_utf8(content: bytes) -> tuple[str, Decoding] | None:
    """`content` as UTF-8, if more of it is valid than is not; None if it is another charset.

    Text in other charsets also has valid sequences, by accident and of two bytes, but far fewer of them than bad bytes.
    """
    text, decoding = _mixed_utf8(content)
    pairs = len(re.findall("[\x80-\u07ff]", text))
    longer = len(re.findall("[^\x00-\u07ff\ufffd]", text))
    return (text, decoding) if pairs + 2 * longer > decoding.bad_bytes else None


def _mixed_utf8(content: bytes) -> tuple[str, Decoding]:
    """`content` as UTF-8, with U+FFFD for each bad byte."""
    # "surrogateescape" reads each bad byte as one character that no valid text has.
    text = content.decode("utf_8", "surrogateescape")
    places: list[int] = []
    for match in re.finditer("[\udc80-\udcff]", text):
        places.append(len(text[: match.start()].encode("utf_8", "surrogateescape")))
        if len(places) == MAX_PLACES:
            break
    text, bad = re.subn("[\udc80-\udcff]", UNREADABLE, text)
    return text, Decoding(encoding="utf_8", rule="utf-8", bad_bytes=bad, bad_places=tuple(places))


def _by_declaration(content: bytes, charset: str, language: str) -> tuple[str, Decoding] | None:
    """`content` by the declared `charset`; None where the file contradicts it, or the reading would be nonsense."""
    if charset in ("ascii", "utf_8"):
        return None
    tried = with_extensions(charset)
    if charset == "latin_1" and re.search(rb"[\x80-\x9f]", content):
        tried = ["cp1252"]
    for each in tried:
        text = strictly(content, each)
        if text is not None and score_text(text[: DECLARATION_BYTES * 10], language) > NONSENSE:
            return text, Decoding(encoding=each, rule="declared")
    return None


def _guessed(content: bytes, readings: list[Reading]) -> tuple[str, Decoding]:
    """`content` by the best of `readings`."""
    best = readings[0]
    text = leniently(content, best.encoding)
    assert text is not None, "detection returns only charsets that read the whole content"
    rounded = tuple(Reading(encoding=each.encoding, score=round(each.score, 2)) for each in readings)
    confidence = round(min(max(best.score, 0.0), 1.0), 2)
    return text, Decoding(encoding=best.encoding, rule="guessed", confidence=confidence, candidates=rounded)
