"""Figures that show at a glance whether a cleaned text is what it should be: words, odd characters, language."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

# Frequent small words of each language, which occur in any prose, whatever it is about. In English books, the English
# ones are 21 to 34 % of all words, and those of another language at most 0.4 %. The few words that two lists share
# ("des", "que", "non") do not matter, because the sums decide.
FUNCTION_WORDS = {
    "en": "the of and to that was it he with as his for had you not is her which but from they she this were".split(),
    "de": "der die und das nicht ist ein den sich mit dem auch auf eine wie aber des von werden einer wenn nur".split(),
    "fr": "les des est dans que une qui pour pas sur plus avec par ce il elle au nous vous mais cette sont ses".split(),
    "it": "che di il non della per gli una sono del nella con come anche questo delle alla più suo quando era".split(),
    "es": "que los las del por con una para como pero más sus este cuando él también sin ya muy había".split(),
    "nl": "het een van dat niet zijn met voor maar ook hij aan door naar heeft wordt deze werd zij uit".split(),
    "la": "et est non cum quod sed ut ad qui esse atque quae enim aut ex ab etiam hoc sunt nec per".split(),
}

# The language is not guessed for a text with fewer words, nor if the function words of the best language make up a
# smaller share: lists, tables, and languages that are not in the table.
MIN_WORDS = 200
MIN_SHARE = 0.08

# Unicode categories that no printed book contains: controls, unassigned and private characters, surrogates. They are
# left over from damaged conversions.
ODD_CATEGORIES = {"Cc", "Cn", "Co", "Cs"}

# How many different odd characters are listed, the most frequent first.
MAX_ODD = 10


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The figures of one text.

    `odd` counts each character that no printed book contains, as `{"U+E000": 2}`. `guess` is the language by its
    function words, as two letters, or "" if none is certain.
    """

    words: int
    distinct_words: int
    guess: str
    odd: dict[str, int]


def measure_quality(text: str) -> Quality:
    """Count words and odd characters of `text`, and guess its language.

    >>> measure_quality("One two two.")
    Quality(words=3, distinct_words=2, guess='', odd={})
    """
    # Runs of letters: digits and "_" are no words.
    words = Counter(re.findall(r"[^\W\d_]+", text.casefold()))
    # Line feed, tab and form feed are controls too, but ordinary ones.
    odd = Counter({
        c: n for c, n in Counter(text).items() if c not in "\n\t\f" and unicodedata.category(c) in ODD_CATEGORIES
    })
    return Quality(
        words=words.total(),
        distinct_words=len(words),
        guess=_guess_language(words),
        odd={f"U+{ord(c):04X}": n for c, n in odd.most_common(MAX_ODD)},
    )


def _guess_language(words: Counter[str]) -> str:
    """The language with the largest share of function words among `words`; "" if there are too few to tell."""
    total = words.total()
    if total < MIN_WORDS:
        return ""
    shares = {language: sum(words[word] for word in listed) / total for language, listed in FUNCTION_WORDS.items()}
    best = max(shares, key=lambda language: shares[language])
    return best if shares[best] >= MIN_SHARE else ""
