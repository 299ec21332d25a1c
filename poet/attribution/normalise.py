"""A view of a text in which near copies are equal, and the way back: which original character each of its characters
is.

The view is composed (Unicode NFC), its quotes and dashes are plain, its letters case-folded, and a run of white space
or of dashes is one character. Verbatim search alone misses copies that differ in nothing else (Ippolito et al. 2022,
arXiv 2210.17546).
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPACES = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
PLAIN = str.maketrans(
    dict.fromkeys(SPACES, " ")
    | dict.fromkeys("‘’‚‛‹›′`´", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    # "--" is how plain-text editions write a dash, which is why runs of dashes count as one.
    | dict.fromkeys("‐‑‒–—―−", "-")
)

# A piece ends after white space and before an ASCII sign, which never composes with what stands before it: so the
# pieces of a text can be normalised one by one.
CUT = re.compile(r"(?<=\s)[!-~]")
PIECE = 1 << 15  # a megabyte of arrays while it is normalised


@dataclass(frozen=True, kw_only=True)
class Normalised:
    """`text`, and the place in the original of each of its characters: `origin` (len(text) + 1,) int64, never
    falling, its last value the length of the original.
    """

    text: str
    origin: NDArray[np.int64]


def normalise(text: str) -> Normalised:
    """The normalised view of `text`.

    >>> view = normalise("“Ha\\n\\nHA”")
    >>> view.text, view.origin.tolist()
    ('"ha ha"', [0, 1, 2, 3, 5, 6, 7, 8])
    """
    composed, origin = _compose(text)
    plain = composed.translate(PLAIN)
    folded = plain.casefold()
    if len(folded) != len(plain):  # some letters become several, as ß becomes ss
        widths = np.fromiter((len(letter.casefold()) for letter in plain), np.int64, len(plain))
        origin = np.append(np.repeat(origin[:-1], widths), origin[-1])
    codes = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    repeats = (codes[1:] == codes[:-1]) & ((codes[1:] == ord(" ")) | (codes[1:] == ord("-")))
    kept = np.concatenate((np.ones(min(1, len(codes)), dtype=bool), ~repeats))
    return Normalised(
        text=codes[kept].tobytes().decode("utf-32-le", "surrogatepass"), origin=origin[np.append(kept, True)]
    )


def pieces(text: str, size: int = PIECE) -> Iterator[tuple[int, str]]:
    """(start, piece) of `text` in pieces of about `size` characters; their normalised views joined are that of the
    whole.

    >>> list(pieces("one two three", 2))
    [(0, 'one '), (4, 'two '), (8, 'three')]
    """
    start = 0
    while start < len(text):
        found = CUT.search(text, start + size)
        end = found.start() if found else len(text)
        yield start, text[start:end]
        start = end


def _compose(text: str) -> tuple[str, NDArray[np.int64]]:
    """`text` in NFC and the place in `text` of each of its characters; all of a changed group stand at its start."""
    if unicodedata.is_normalized("NFC", text):
        return text, np.arange(len(text) + 1)
    parts: list[str] = []
    origin: list[int] = []
    for start, end in _groups(text):
        group = text[start:end]
        composed = unicodedata.normalize("NFC", group)
        origin += range(start, end) if composed == group else [start] * len(composed)
        parts.append(composed)
    return "".join(parts), np.array([*origin, len(text)], dtype=np.int64)


def _groups(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of the stretches of `text` whose compositions joined are that of the whole."""
    start = 0
    for i, letter in enumerate(text):
        if i and _begins_a_group(letter):
            yield start, i
            start = i
    yield start, len(text)


@functools.cache
def _begins_a_group(letter: str) -> bool:
    """Whether `letter` is never joined to, and never changes places with, what stands before it.

    Composition joins to the letter before nothing but marks and, by arithmetic, the vowels and final consonants of
    Hangul; a test goes through all of Unicode.
    """
    first = unicodedata.normalize("NFD", letter)[0]
    return not (unicodedata.category(first).startswith("M") or "\u1161" <= first <= "\u11ff")
