"""Figures by which a person sees at a glance whether a cleaned text is what it should be."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

# The most frequent words of each language that no other of them has; enough to tell a page of prose.
FUNCTION_WORDS = {
    "en": "the of and to that was it he with as his for had you not is her which but from they she this were".split(),
    "de": "der die und das nicht ist ein den sich mit dem auch auf eine wie aber des von werden einer wenn nur".split(),
    "fr": "les des est dans que une qui pour pas sur plus avec par ce il elle au nous vous mais cette sont ses".split(),
    "it": "che di il non della per gli una sono del nella con come anche questo delle alla più suo quando era".split(),
    "es": "que los las del por con una para como pero más sus este cuando él también sin ya muy había".split(),
    "nl": "het een van dat niet zijn met voor maar ook hij aan door naar heeft wordt deze werd zij uit".split(),
    "la": "et est non cum quod sed ut ad qui esse atque quae enim aut ex ab etiam hoc sunt nec per".split(),
}
# A text of fewer words is not judged, nor one whose best language has so small a share of its words.
FEWEST_WORDS, SMALLEST_SHARE = 200, 0.08

# Unicode categories that no printed book has: controls, unassigned and private characters, surrogates.
ODD_CATEGORIES = {"Cc", "Cn", "Co", "Cs"}
MOST_ODD = 10


@dataclass(frozen=True, kw_only=True)
class Quality:
    """`odd` counts the characters that no printed book has; `guess` is the language by function words, "" if unsure."""

    words: int
    distinct_words: int
    guess: str
    odd: dict[str, int]


def measure_quality(text: str) -> Quality:
    """Count words and odd characters of `text`, and guess its language."""
    words = Counter(re.findall(r"[^\W\d_]+", text.casefold()))
    odd = Counter({
        c: n for c, n in Counter(text).items() if c not in "\n\t\f" and unicodedata.category(c) in ODD_CATEGORIES
    })
    return Quality(
        words=words.total(),
        distinct_words=len(words),
        guess=_guess_language(words),
        odd={f"U+{ord(c):04X}": n for c, n in odd.most_common(MOST_ODD)},
    )


def _guess_language(words: Counter[str]) -> str:
    total = words.total()
    if total < FEWEST_WORDS:
        return ""
    shares = {language: sum(words[word] for word in listed) / total for language, listed in FUNCTION_WORDS.items()}
    best = max(shares, key=lambda language: shares[language])
    return best if shares[best] >= SMALLEST_SHARE else ""
