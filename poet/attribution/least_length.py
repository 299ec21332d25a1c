"""The least length of a passage that counts as found in a book, chosen for the language of a collection.

Twenty characters of English are four words, which most people can write without copying. Twenty characters of Chinese
are two sentences. So where params.yaml names no length, a passage has as many characters as four words of the
collection take on average, with the blanks and the punctuation between them, and never more than twenty: about nine
for Chinese and Japanese, twenty for nearly all languages that write blanks.
"""

import re
from collections.abc import Iterable

from poet.attribution.normalise import HAN, KANA

MOST_CHARACTERS = 20
WORDS_OF_A_PASSAGE = 4

# Scripts without blanks do not show their words. In Chinese and Japanese prose a word has about two characters.
UNSPACED_LETTER = re.compile(rf"[{HAN}{KANA}]")
LETTERS_OF_A_WORD = 2

# Characters of each book that are measured: enough for an average, and quick for a library of a thousand books.
BEGINNING = 10_000


def least_length(texts: Iterable[str]) -> int:
    """The least length, in characters, for books that begin with `texts`.

    >>> least_length(["My grandmother remembered everything that winter. "])
    20
    >>> least_length(["天地玄黃，宇宙洪荒。日月盈昃，辰宿列張。"])
    10
    """
    characters, words = 0, 0.0
    for text in texts:
        beginning = text[:BEGINNING]
        spaced, letters = UNSPACED_LETTER.subn(" ", beginning)
        # Between blanks, and not by letters: vowels of Hindi and Arabic are marks, which no pattern takes for letters.
        words += sum(any(map(str.isalnum, word)) for word in spaced.split()) + letters / LETTERS_OF_A_WORD
        characters += len(beginning)
    return min(MOST_CHARACTERS, int(WORDS_OF_A_PASSAGE * characters / words)) if words else MOST_CHARACTERS
