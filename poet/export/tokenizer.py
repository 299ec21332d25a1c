"""A tokenizer as a page needs it: its tokens, and what the program of the page (page/tokenizer.js) asks of its kind.

A browser sorts characters into letters, digits and marks by its own version of Unicode, the tokenizers library by
another. So the page gets these classes as the library has them, and cuts a text alike in every browser.
"""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from tokenizers import Regex, Tokenizer, pre_tokenizers

from poet.tokenizers.cutting import CHUNK
from poet.tokenizers.kinds import WORD, kind_of

# The pattern by which the `bpe` kind splits words: GPT-2's (Radford et al. 2019), which the library has built in.
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

# How each kind cuts a text into pieces, which are encoded one by one; None: not at all.
PATTERNS = {"char": None, "byte": None, "word": WORD, "ngram": CHUNK, "bytegram": CHUNK, "bpe": GPT2}

# The classes of characters in the patterns.
CLASSES = (r"\p{L}", r"\p{N}", r"\p{M}", r"\s")

# All characters that can be in a class, in their order. Half of a surrogate pair is none; planes 4 to 13 are empty, and
# from the middle of plane 14 on there are private characters alone, which have no class.
CHARACTERS = [*range(0xD800), *range(0xE000, 0x40000), *range(0xE0000, 0xE1000)]


def describe_tokenizer(tokenizer: Tokenizer) -> dict[str, Any]:
    """What page/tokenizer.js is made from: JSON with the kind, the tokens by their id, and what else the kind has."""
    kind = kind_of(tokenizer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = [tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size())]
    pattern = PATTERNS[kind]
    merges = [_pair(merge) for merge in model["merges"]] if kind == "bpe" else None
    return {
        "kind": kind,
        "tokens": tokens,
        "pattern": None if pattern is None else with_explicit_classes(pattern),
        "merges": None if merges is None else [[tokenizer.token_to_id(part) for part in merge] for merge in merges],
        "scores": [score for _, score in model["vocab"]] if model["type"] == "Unigram" else None,
        "unknown": tokenizer.token_to_id(model["unk_token"]) if kind == "word" else None,
    }


def _pair(merge: Any) -> list[str]:
    """A merge as two tokens; older files write them as one text with a blank between."""
    return merge.split(" ") if isinstance(merge, str) else merge


def with_explicit_classes(pattern: str) -> str:
    r"""`pattern` for JavaScript, with ranges of characters in place of \p{L}, \p{N}, \p{M}, \s and \S.

    >>> with_explicit_classes(r"[\s\S]x")
    '[\\s\\S]x'
    """
    # Both together are any character, in every version of Unicode.
    if r"[\s\S]" in pattern:
        return pattern
    pattern = pattern.replace(r"\S", "[^" + class_ranges(r"\s") + "]")
    parts = []
    # Inside of brackets a class is a part of them; outside it needs brackets of its own.
    for part in re.split(r"(\[[^\]]*\])", pattern):
        for name in CLASSES:
            if name in part:
                ranges = class_ranges(name)
                part = part.replace(name, ranges if part.startswith("[") else f"[{ranges}]")
        parts.append(part)
    return "".join(parts)


@functools.cache
def class_ranges(name: str) -> str:
    r"""The characters of the class `name`, as the tokenizers library knows them, in the ranges of a character class.

    >>> class_ranges(r"\s")[:23]
    '\\u{9}-\\u{d}\\u{20}\\u{85}'
    """
    text = "".join(map(chr, CHARACTERS))
    # What is left where the class is removed are the characters between its ranges.
    between = pre_tokenizers.Split(Regex(f"{name}+"), "removed").pre_tokenize_str(text)
    edges = [0, *(edge for _, places in between for edge in places), len(text)]
    return "".join(_ranges(edges))


def _ranges(edges: list[int]) -> Iterator[str]:
    """The stretches [edge, edge) of CHARACTERS in the notation of JavaScript."""
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if start < end:
            first, last = CHARACTERS[start], CHARACTERS[end - 1]
            yield rf"\u{{{first:x}}}" if first == last else rf"\u{{{first:x}}}-\u{{{last:x}}}"
