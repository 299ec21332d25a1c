"""Words as a search compares them: without case, accents and punctuation, in each of their usual spellings."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence

# Letters that Unicode does not take apart, and what stands for them where they are missing on the keyboard.
PLAIN_LETTERS = {"æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h"}

# Letters with a second spelling that is as common as the plain one: Müller, Muller or Mueller.
SECOND_SPELLINGS = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "e", "œ": "e"}

# Signs inside a word. Alice's and Alice’s are one word; d'Artagnan can still be found by its part "artagnan".
APOSTROPHES = "'’‘‛ʼʻ`´′＇"

# Spellings that transliterations into Latin letters differ in, and the one that stands for all of them, in this order.
# So Dostoyevsky, Dostoevskii, Dostojewski and Dostoïevski are the same.
TRANSLITERATIONS = [
    (re.compile(pattern), same)
    for pattern, same in (
        ("tsch|tch|cz", "ch"),
        ("sch|sz", "sh"),
        ("kh", "h"),
        ("ph", "f"),
        ("ck|q", "k"),
        ("x", "ks"),
        ("ff?(?=\n)|w", "v"),  # Turgenieff and Turgenev
        ("ou", "u"),
        ("[ijy]+", "i"),
        ("i(?=[aeou])", ""),
        (r"([a-z])\1", r"\1"),
    )
]

# Shorter words differ in too few letters: Jan and Ian are two names.
MIN_TRANSLITERATED = 6


class _Letters(dict[int, str]):
    """What `str.translate` puts in place of each character; filled when a character is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    if character in APOSTROPHES:
        return ""
    # NFKD splits a letter from its accent, which is then a combining character of its own. Of a few letters it makes
    # capitals, so the case is folded after it too.
    parts = unicodedata.normalize("NFKD", character.casefold()).casefold()
    plain = "".join(PLAIN_LETTERS.get(part, part) for part in parts if not unicodedata.combining(part))
    return "".join(map(_separate, plain))


def _separate(character: str) -> str:
    """A blank for a character that separates words, nothing for one that is not seen, else the character itself."""
    category = unicodedata.category(character)
    # Cf: soft hyphens, joiners, marks of direction. P, S, Z, C: punctuation, symbols, blanks, controls.
    return "" if category == "Cf" else " " if category[0] in "PSZC" else character


_LETTERS = _Letters({ord("\n"): "\n"})  # so that many texts, one a line, can be folded at once
_SECOND = str.maketrans({**SECOND_SPELLINGS, **{letter.upper(): other for letter, other in SECOND_SPELLINGS.items()}})
_HAS_SECOND = re.compile(f"[{''.join(SECOND_SPELLINGS)}]", re.IGNORECASE)


def fold(text: str) -> str:
    """The words of `text` in the form in which they are compared, separated by single spaces.

    >>> fold("Brontë, ÆSOP"), fold("Alice’s"), fold("H.G. Wells"), fold("Œuvres"), fold("Straße")
    ('bronte aesop', 'alices', 'h g wells', 'oeuvres', 'strasse')
    """
    return " ".join(text.translate(_LETTERS).split())


def fold_with_spellings(text: str) -> str:
    """As `fold`, with the other spellings of its words behind them: what a text of the catalog is found by.

    >>> fold_with_spellings("Müller, J. M."), fold_with_spellings("Moby-Dick")
    ('muller j m mueller jm', 'moby dick mobydick')
    """
    # NFC: "u" with a combining diaeresis is the letter "ü".
    text = text if text.isascii() else unicodedata.normalize("NFC", text)
    return " ".join([*fold(text).split(), *_other_spellings(text)])


def fold_all(texts: Sequence[str]) -> list[str]:
    """`fold_with_spellings` of each of the `texts`, most of which are ASCII and translated in one go: faster."""
    # One line for each text, empty for those that are not ASCII.
    lines = "".join(f"{text}\n" if text.isascii() else "\n" for text in (text.replace("\n", " ") for text in texts))
    folded = lines.translate(_LETTERS).split("\n")[:-1]
    return [
        " ".join([*line.split(), *_other_spellings(text)]) if text.isascii() else fold_with_spellings(text)
        for text, line in zip(texts, folded, strict=True)
    ]


def _other_spellings(text: str) -> list[str]:
    """What words of `text` are also written like: with two letters for one, without hyphens, initials without dots."""
    others = []
    if not text.isascii():
        others += [fold(word.translate(_SECOND)) for word in text.split() if _HAS_SECOND.search(word)]
    if "-" in text:
        # Not of years, as in "1775-1817", nor a dash that stands alone.
        compounds = (word for word in text.split() if "-" in word.strip("-") and not word[0].isdigit())
        others += [fold(word.replace("--", " ").replace("-", "")) for word in compounds]
    if "." in text:
        # "J. M." and "H.G.": a word whose second character is a dot, and all such words after it.
        for initials, words in itertools.groupby(text.split(), lambda word: word[1:2] == "."):
            if initials and len(joined := fold("".join(words)).replace(" ", "")) > 1:
                others.append(joined)
    # A word of signs alone, ":-:", has no spelling.
    return [other for other in others if other]


def spellings(word: str) -> tuple[str, ...]:
    """The words that a typed `word` may stand for, each with its spellings; the plain one is the first.

    >>> spellings("Göthe"), spellings("H.G.")
    (('gothe', 'goethe'), ('h g',))
    """
    word = unicodedata.normalize("NFC", word)
    return tuple(dict.fromkeys((fold(word), fold(word.translate(_SECOND)))))


def transliterated(word: str) -> str:
    """The folded `word` in the one spelling that stands for all transliterations.

    >>> transliterated("dostoyevsky") == transliterated("dostoevskii") == transliterated("dostojewski")
    True
    """
    return transliterate_all([word])[0]


def transliterate_all(words: Iterable[str]) -> list[str]:
    """`transliterated` of each of the folded `words`, in one go: one word at a time would take ten times as long."""
    joined = "".join(f"{word}\n" for word in words)
    for pattern, same in TRANSLITERATIONS:
        joined = pattern.sub(same, joined)
    return joined.splitlines()
