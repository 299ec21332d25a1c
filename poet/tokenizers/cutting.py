"""Cutting a text into pieces that are encoded one by one, so that every core has work and memory stays bounded.

A tokenizer must give the same tokens for the pieces as for the whole text. Each kind of tokenizer therefore names its
way of cutting in `poet.tokenizers.kinds`.
"""

import re
from collections.abc import Iterator

# Pieces have about this many characters. The library's own tables then stay in the processor's caches: pieces of 64 KiB
# take 1.4 times as long, a book in one call four times (docs/log.md).
PIECE = 1 << 12

# Where a text offers no good place to cut for this many characters, it is cut anyway, so that memory stays bounded.
LONGEST_PIECE = 1 << 20

# The letters of Chinese and Japanese. Only letters: a mark such as ・ or a lone voicing mark would form one word with
# the punctuation before it. Han ends where Unicode 1.1 ended it, because a library that does not know a newer
# character takes it for a mark.
LETTERS_WITHOUT_BLANKS = "ぁ-ゖゝ-ゟァ-ヺー-ヿ一-龥"

# A place between two words: before a single blank between two other characters, or between the punctuation and the
# letters of a script that writes no blanks. Every pre-tokenizer that splits words begins a word there.
WORD_BORDER = re.compile(rf"(?<=\S)(?= \S)|(?<=[。，、！？；：])(?=[{LETTERS_WITHOUT_BLANKS}])")

# What every pre-tokenizer keeps in one word where it is long: letters and digits, marks, or white space.
LONGEST_WORD = 1000
LONG_WORD = re.compile(
    "|".join(rf"(?<!{kind}){kind}{{{LONGEST_WORD},}}" for kind in (r"[^\W_]", r"(?:[^\w\s]|_)", r"\s"))
)

# A chunk of at most 4,096 characters, which ends with a line where it can. The n-gram kinds know no words. The same
# pattern is the pre-tokenizer in their tokenizer.json: file and program cut alike, and a segmentation is the best of
# its chunk.
CHUNK = r"[\s\S]{0,4095}\n|[\s\S]{1,4096}"


def cut_between_words(text: str) -> Iterator[str]:
    """`text` in pieces of about PIECE characters, cut between words.

    >>> "".join(cut_between_words("one two")) == "one two"
    True
    """
    start = 0
    while start < len(text):
        border = WORD_BORDER.search(text, start + PIECE, start + LONGEST_PIECE)
        end = border.start() if border else min(len(text), start + LONGEST_PIECE)
        yield text[start:end]
        start = end


def cut_into_chunks(text: str) -> Iterator[str]:
    """`text` in the chunks of CHUNK.

    >>> list(cut_into_chunks("one\\ntwo"))
    ['one\\n', 'two']
    """
    return (match.group() for match in re.finditer(CHUNK, text))


def cut_long_words(text: str) -> Iterator[str]:
    """`text` in pieces such that no word is longer than LONGEST_WORD, and only longer ones are cut.

    For training alone: the time to fit merges grows with the square of the longest word. No book has such words, but
    files have rules of dashes, encoded pictures, and lines of blanks.

    >>> [len(piece) for piece in cut_long_words("one two " + "-" * 2500)]
    [1008, 1000, 500]
    """
    start = 0
    for run in LONG_WORD.finditer(text):
        for end in range(run.start() + LONGEST_WORD, run.end(), LONGEST_WORD):
            yield text[start:end]
            start = end
    if start < len(text):
        yield text[start:]
