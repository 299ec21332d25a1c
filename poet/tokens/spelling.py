"""What it costs to spell the words that a tokenizer loses, so that no tokenizer looks better for forgetting.

The kind `word` writes every word outside its vocabulary as one unknown token, which costs a model next to nothing. The
text does not come back from it. To compare it with tokenizers that lose nothing, its bits per character must include
the spelling of those words. They are charged by a fixed code: each character given the one before it, and the end of
the word, with the frequencies that the lost words of the training text have.

Each probability is that of Witten and Bell (1991, method C): a character that never followed gets as much weight as
there were different ones that did, shared out by the frequencies of all characters, and those by all of Unicode. The
probabilities of all continuations add up to 1, so an arithmetic coder reaches the charged number of bits within two
bits for a whole text, and the spelling can be decoded (tests/metrics/test_code_length.py does both).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

# Before the first character of a word, and after the last one.
BORDER = ""

# Everything that can follow a character: all code points of Unicode, and the end of the word.
CONTINUATIONS = 0x110000 + 1

# How often a character came after another: (the character before, the character), BORDER at both ends of a word.
Pairs = Counter[tuple[str, str]]


def count_pairs(pairs: Pairs, words: Iterable[str]) -> None:
    """Add the pairs of characters of each of `words` to `pairs`.

    >>> pairs = Counter()
    >>> count_pairs(pairs, ["ab", "b"])
    >>> sorted(pairs.items())
    [(('', 'a'), 1), (('', 'b'), 1), (('a', 'b'), 1), (('b', ''), 2)]
    """
    for word in words:
        pairs.update(zip([BORDER, *word], [*word, BORDER], strict=True))


class SpellingCode:
    """The code of words whose characters are distributed as the pairs of `training`."""

    def __init__(self, training: Mapping[tuple[str, str], int]) -> None:
        self.pairs = training
        # By the character before: how many characters followed, and how many different ones.
        self.followed: Counter[str] = Counter()
        self.different: Counter[str] = Counter()
        # By the character itself, whatever came before.
        self.characters: Counter[str] = Counter()
        for (before, character), count in training.items():
            self.followed[before] += count
            self.different[before] += 1
            self.characters[character] += count
        self.total = self.characters.total()

    def probability(self, before: str, character: str) -> float:
        """The probability that `character` (or BORDER) comes after `before` (BORDER at the beginning of a word)."""
        # Without anything counted, all that is left is the even share of every continuation.
        different = max(1, len(self.characters))
        anywhere = (self.characters[character] + different / CONTINUATIONS) / (self.total + different)
        different = max(1, self.different[before])
        return (self.pairs.get((before, character), 0) + different * anywhere) / (self.followed[before] + different)

    def bits(self, pairs: Mapping[tuple[str, str], int]) -> float:
        """The bits that words with the pairs of characters `pairs` need in all."""
        # Sorted, because the sum of floats depends on their order.
        return sum(-count * math.log2(self.probability(*pair)) for pair, count in sorted(pairs.items()))
