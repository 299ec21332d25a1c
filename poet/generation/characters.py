"""Whole characters: a guard that lets no sequence write half a character, and text up to the last complete one.

Tokens may be parts of characters: `bpe` learns pieces of the bytes of rare letters, and every kind spells unknown
characters byte by byte. A model that has seen little of a script then writes bytes that form no character. Readers see
U+FFFD in the middle of a word, and a search of the books finds nothing on either side of it. So a token that cannot
continue the bytes before it is never chosen.
"""

import codecs
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from poet.generation.sampling import Guard
from poet.tokenizers.tokenizer import decode

# What decoding puts in place of bytes that are no character, or not yet.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# The first bytes of a surrogate, U+D800 to U+DFFF (RFC 3629, section 3).
SURROGATE = re.compile(rb"\xed[\xa0-\xbf]")

# Unfinished characters whose forbidden tokens are kept. A script has a few dozen leading bytes and pairs of them.
REMEMBERED = 256


class CharacterState(NamedTuple):
    """What the guard knows of a text: the bytes of the `unfinished` character at its end, at most three, and the state
    of the further guard.
    """

    unfinished: bytes
    further: Any


class CharacterGuard:
    """Forbids every token with which a text is no longer the beginning of valid UTF-8, and what `further` forbids.

    `token_bytes[i]` are the bytes of the token id `i`. A vocabulary with all single bytes always has an allowed token.
    """

    def __init__(self, token_bytes: Sequence[bytes], further: Guard | None = None) -> None:
        self.token_bytes, self.further = token_bytes, further
        self._forbidden_after = functools.lru_cache(REMEMBERED)(self._try_all)

    def start(self, ids: Sequence[int]) -> CharacterState:
        """The state after the prompt `ids`, which may end within a character."""
        prompt = b"".join(self.token_bytes[i] for i in ids)
        # An unfinished character is the longest end of up to three bytes that is nothing but the beginning of one.
        ends = (prompt[-size:] for size in (3, 2, 1))
        unfinished = next((end for end in ends if _unfinished(end) == end), b"")
        return CharacterState(unfinished, self.further.start(ids) if self.further else None)

    def advance(self, state: CharacterState, token: int) -> CharacterState | None:
        """The state after one more token; None if the token is forbidden."""
        unfinished = _unfinished(state.unfinished + self.token_bytes[token])
        if unfinished is None:
            return None
        further = state.further
        if self.further:
            further = self.further.advance(state.further, token)
            if further is None:
                return None
        return CharacterState(unfinished, further)

    def forbidden(self, state: CharacterState) -> NDArray[np.bool_]:
        """Which tokens are forbidden: (V,) bool."""
        mask = self._forbidden_after(state.unfinished)
        return mask | self.further.forbidden(state.further) if self.further else mask

    def _try_all(self, unfinished: bytes) -> NDArray[np.bool_]:
        """Which tokens do not continue the character that `unfinished` begins: (V,) bool."""
        return np.array([_unfinished(unfinished + token) is None for token in self.token_bytes], dtype=bool)


def complete_text(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """The text of `ids` up to its last complete character."""
    # Not `decode`: in a run of tokens that are single bytes, the library gives up every character for one unfinished.
    return "".join(decode_stream(tokenizer, ids))


def token_ends(tokenizer: Tokenizer, ids: Sequence[int]) -> list[int]:
    """For each of `ids`, how many characters of their `complete_text` there are up to its end.

    A token that ends within a character ends where the character begins; the token that completes it ends behind it.
    The last one ends where the text does.
    """
    characters = 0
    ends: list[int] = []
    for read, text in counted_stream(tokenizer, ids):
        # Tokens that wait for the rest of a character add nothing yet.
        ends += [characters] * (read - len(ends) - 1)
        characters += len(text)
        ends.append(characters)
    return ends + [characters] * (len(ids) - len(ends))


def counted_stream(tokenizer: Tokenizer, ids: Iterable[int]) -> Iterator[tuple[int, str]]:
    """The pieces of `decode_stream`, each with the number of `ids` up to its end."""
    read = 0

    def reading() -> Iterator[int]:
        nonlocal read
        for token in ids:
            read += 1
            yield token

    for text in decode_stream(tokenizer, reading()):
        yield read, text


def decode_stream(tokenizer: Tokenizer, ids: Iterable[int]) -> Iterator[str]:
    """The text of `ids` in pieces, which joined are their `complete_text`.

    A token may end within a character. Such a token waits until the next ones complete the character.
    """
    # Tokens whose bytes end within a character, at most a few: decoding them again costs next to nothing.
    pending: list[int] = []
    for token in ids:
        pending.append(token)
        text = decode(tokenizer, pending)
        if not text.endswith(REPLACEMENT):
            yield text
            pending.clear()
    # The text may end within a character, whose bytes mean nothing without the rest.
    if last := decode(tokenizer, pending).rstrip(REPLACEMENT):
        yield last


def _unfinished(text: bytes) -> bytes | None:
    """The bytes of the unfinished character at the end of `text`; None if no text in UTF-8 begins like this.

    >>> _unfinished(b"abc"), _unfinished("né".encode()[:-1]), _unfinished(b"n\\xff")
    (b'', b'\\xc3', None)
    """
    try:
        # Not final: an unfinished character at the end is no error, and is not among the bytes that were read.
        _, read = codecs.utf_8_decode(text, "strict", False)
    except UnicodeDecodeError:
        return None
    # Python waits for the third byte before it refuses half of a surrogate pair, which no valid text contains.
    return None if SURROGATE.match(text, read) else text[read:]
