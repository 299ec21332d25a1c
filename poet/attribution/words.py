"""Where the words of a text begin and end, for readers: no tint cuts a word, and a finding has several of them.

A word is a run of letters, marks and digits, with the apostrophes and single hyphens inside it: "lay'd", "to-night".
Scripts without blanks do not show their words. There a word may end after every letter, and two letters count as one
word, as in `poet.attribution.least_length`.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right

from poet.attribution.least_length import LETTERS_OF_A_WORD
from poet.attribution.normalise import HAN, KANA

# Letters of scripts that write no blanks: Chinese and Japanese, Thai and Lao, Burmese, Khmer.
UNSPACED = rf"{HAN}{KANA}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
UNSPACED_LETTER = re.compile(f"[{UNSPACED}]")

# Characters that belong to a word if they have letters on both sides: apostrophes and hyphens.
JOINERS = frozenset("'-\u2019\u02bc\u2010\u2011")

# Characters that shape the letters beside them: zero width non-joiner and joiner, and the soft hyphen.
SHAPERS = frozenset("\u200c\u200d\u00ad")

# Straight quotes open or close; beside the first letter of a word they open.
STRAIGHT_QUOTES = frozenset("\"'")


class Words:
    """The words of `text`: word i has the characters [starts[i], ends[i]). In scripts without blanks, its letters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: list[int] = []
        self.ends: list[int] = []
        # How much of a word each one is, added up: halves[i] are those of the first i words.
        self._weights: list[float] = [0.0]
        self._find()

    def _find(self) -> None:
        place, text = 0, self.text
        while place < len(text):
            if not _is_letter(text[place]):
                place += 1
                continue
            start, unspaced = place, UNSPACED_LETTER.match(text[place]) is not None
            place += 1
            while place < len(text) and self._goes_on(place, unspaced):
                place += 1
            self.starts.append(start)
            self.ends.append(place)
            self._weights.append(self._weights[-1] + (1 / LETTERS_OF_A_WORD if unspaced else 1.0))

    def _goes_on(self, place: int, unspaced: bool) -> bool:
        """Whether the character at `place` belongs to the word before it, whose first letter is `unspaced` or not."""
        character = self.text[place]
        if _is_mark(character):
            return True
        if unspaced or UNSPACED_LETTER.match(character):
            return False
        # The character after a joiner is a letter, so two joiners in a row end the word: "king--the".
        after = self.text[place + 1 : place + 2]
        joins = character in JOINERS and after.isalnum() and not UNSPACED_LETTER.match(after)
        return _is_letter(character) or joins

    def between(self, start: int, end: int) -> range:
        """The numbers of the words that lie completely within the characters [start, end).

        >>> words = Words("who's there? Nay")
        >>> [words.text[words.starts[i] : words.ends[i]] for i in words.between(1, 16)]
        ['there', 'Nay']
        """
        return range(bisect_left(self.starts, start), bisect_right(self.ends, end))

    def count(self, start: int, end: int) -> float:
        """How many words lie completely within the characters [start, end).

        >>> Words("who's there?").count(0, 12), Words("天地玄黃").count(0, 3)
        (2.0, 1.5)
        """
        words = self.between(start, end)
        return self._weights[words.stop] - self._weights[words.start] if words else 0.0

    def snap(self, start: int, end: int) -> tuple[int, int]:
        """The characters [start, end) without the parts of words and the blanks at either end.

        What opens before the first word and what ends the last one stay: quotes and brackets, full stops and commas.
        Without a complete word, the result is empty.

        >>> words = Words('AROLLES: "I will, sir." Thou')
        >>> words.text[slice(*words.snap(1, 26))]
        '"I will, sir."'
        """
        words = self.between(start, end)
        if not words:
            return start, start
        first, last = self.starts[words.start], self.ends[words.stop - 1]
        while first > start and _opens(self.text[first - 1]):
            first -= 1
        while last < end and _closes(self.text[last]):
            last += 1
        return first, last


def _is_letter(character: str) -> bool:
    return character.isalnum()


def _is_mark(character: str) -> bool:
    """Whether `character` belongs to the letter before it: the vowels of Hindi and Arabic are such marks."""
    return character in SHAPERS or unicodedata.category(character).startswith("M")


def _opens(character: str) -> bool:
    return character in STRAIGHT_QUOTES or unicodedata.category(character) in ("Ps", "Pi")


def _closes(character: str) -> bool:
    # A straight quote behind the last word closes.
    kind = unicodedata.category(character)
    return not _is_letter(character) and not character.isspace() and kind not in ("Ps", "Pi")
