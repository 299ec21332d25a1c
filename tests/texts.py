"""Made-up texts for tests."""

import random

WORDS = (
    "the old king spoke softly of winter and his ship while seven birds flew over grey water toward morning"
).split()


def babble(seed: int, words: int) -> str:
    """A text of `words` words over a small vocabulary, in sentences and lines."""
    source = random.Random(seed)
    lines = [" ".join(source.choices(WORDS, k=9)).capitalize() + "." for _ in range(words // 9)]
    return "\n".join(lines) + "\n"
