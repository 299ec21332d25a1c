"""Generation that does not copy: which tokens would complete a verbatim run of too many characters.

As in MemFree decoding (Ippolito et al. 2022, arXiv 2210.17546) such tokens are to be masked, but on characters and
without a false alarm: the index answers exactly. A run counts when its last character is completed by the token,
wherever it began, so also in the prompt; what the prompt itself copies is not the sampler's doing.

A text holds a run of more than N characters that ends in a token if and only if the N + 1 characters up to some
character of that token stand in a book. A state therefore knows how many of the text's last characters stand in a book
at most; most tokens are too short to make more than N of them, and nothing has to be looked up.

The mask over all tokens takes longer: for each k, the tokens are looked at whose k-th character would end such a
window. The last N + 1 - k characters of the text are looked up in the suffix array, and as what follows them there is
already sorted, all beginnings of k characters are found in it by one search.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import BOUNDARY, WORD, Index, Shard, open_index

Mask = NDArray[np.bool_]

# Contexts whose answers are kept: the short ones, which cost most, come back again and again.
REMEMBERED = 4096
# Where so many places more than beginnings follow a context, each beginning is looked up by itself: that takes as long
# as to read so many places.
MANY = 2000


def guard_maker(index: Path, max_copy: int) -> Callable[[Sequence[bytes]], "CopyGuard"] | None:
    """What makes a guard over the index in the folder `index` for the bytes of some tokens; None for a `max_copy` of 0,
    which is no limit.
    """
    if not max_copy:
        return None
    opened = open_index(index)
    return lambda tokens: CopyGuard(opened, tokens, max_copy)


class GuardState(NamedTuple):
    """What a guard has to know of a text.

    `tail` is its last bytes, in which all runs begin that could become too long. No more than `held` whole characters
    at its end, with what there is of the one after them, stand in a book.
    """

    tail: bytes
    held: int


@dataclass(frozen=True, kw_only=True)
class _Beginnings:
    """The different bytes with which tokens complete k characters, and which token has which."""

    passages: list[bytes]
    first: NDArray[np.uint64]  # (passages,) the least big-endian word that begins with the passage
    last: NDArray[np.uint64]  # (passages,) the greatest
    long: list[int]  # the passages that are longer than a word
    of_token: NDArray[np.int64]  # (vocabulary,) the number of the token's passage; len(passages) when it has none


class CopyGuard:
    """Says which token ids may not follow a text, if it is to hold no run of more than `max_copy` characters of the
    books of `index`; `tokens` are the bytes that each id stands for, also parts of characters.

    When all are forbidden, the text can only end there. That cannot happen to a vocabulary with all single bytes: those
    that begin no character of the books break every run.
    """

    def __init__(self, index: Index, tokens: Sequence[bytes], max_copy: int) -> None:
        self.shards, self.tokens, self.max_copy = index.exact, list(tokens), max_copy
        # By how many bytes the text's last character still lacks, 0 to 3; then by the number of characters, from 1.
        self._beginnings = [_beginnings_by_length(self.tokens, lacking) for lacking in range(4)]
        self._alone = self._copies_alone()
        self._characters = [_most_characters(token) for token in self.tokens]
        self._completing = functools.lru_cache(REMEMBERED)(self._find_completing)

    def start(self, ids: Sequence[int]) -> GuardState:
        """The state after the prompt `ids`."""
        return self.state(b"".join(self.tokens[i] for i in ids))

    def state(self, text: bytes) -> GuardState:
        """The state after the UTF-8 `text`."""
        return GuardState(tail=self._tail(text), held=self.max_copy)

    def advance(self, state: GuardState, token: int) -> GuardState | None:
        """The state after one token more; None if it is forbidden."""
        if self._alone[token]:
            return None
        held, characters = state.held, self._characters[token]
        if held + characters > self.max_copy:
            held = self._bound(state, self.max_copy - characters)
            if held + characters > self.max_copy and self._completes(state.tail, held, self.tokens[token]):
                return None
        tail = self._tail(state.tail + self.tokens[token])
        return GuardState(tail=tail, held=min(held + characters, self.max_copy))

    def forbidden(self, state: GuardState) -> Mask:
        """Which tokens would complete a run of more than `max_copy` characters: (vocabulary,)."""
        mask = self._alone.copy()
        starts, by_length = _suffix_starts(state.tail), self._beginnings[_lacking(state.tail)]
        for characters in range(min(len(by_length), self.max_copy + 1), 0, -1):
            needed = self.max_copy + 1 - characters
            if needed >= len(starts):
                break
            context = state.tail[starts[needed] :]
            if not context:
                continue  # the run would lie in the token alone
            found = self._completing(context, characters)
            if found is None:
                break  # the longer contexts to come are in no book either
            mask |= found
        return mask

    def _tail(self, text: bytes) -> bytes:
        """The end of `text` with at least as many characters as a run may have."""
        # No run crosses a byte that no text holds. A character has four bytes at most.
        return text[max(text.rfind(BOUNDARY) + 1, len(text) - 4 * (self.max_copy + 1), 0) :]

    def _bound(self, state: GuardState, enough: int) -> int:
        """A lower value for `state.held`: exact, unless it is no more than `enough`."""
        starts = _suffix_starts(state.tail)
        least, most = 0, min(state.held, len(starts) - 1)
        while enough < most and least < most:
            middle = (least + most + 1) // 2
            if self._held(state.tail[starts[middle] :]):
                least = middle
            else:
                most = middle - 1
        return most

    def _completes(self, tail: bytes, held: int, token: bytes) -> bool:
        """Whether `token` would complete a run that begins in `tail`, of which the last `held` characters are in a
        book.
        """
        starts = _suffix_starts(tail)
        for count, end in enumerate(_character_ends(token, _lacking(tail)), start=1):
            needed = self.max_copy + 1 - count
            if needed < 0:
                break  # the run would lie in the token alone
            if needed <= held and self._held(tail[starts[needed] :] + token[:end]):
                return True
        return False

    def _find_completing(self, context: bytes, characters: int) -> Mask | None:
        """Which tokens complete so many `characters` that stand behind `context` in a book; None when no book holds
        `context`.
        """
        beginnings = self._beginnings[_lacking(context)][characters - 1]
        hits = np.zeros(len(beginnings.passages) + 1, dtype=bool)
        held = False
        for shard in self.shards:
            low, high = shard.interval(context)
            if low < high:
                held = True
                hits[:-1] |= _followers(shard, low, high, context, beginnings)
        return hits[beginnings.of_token] if held else None

    def _copies_alone(self) -> Mask:
        """The tokens that hold too long a run in themselves: (vocabulary,)."""
        mask = np.zeros(len(self.tokens), dtype=bool)
        for number, token in enumerate(self.tokens):
            parts = [token[start:] for start in _character_starts(token)]
            ends = [_character_ends(part, 0) for part in parts]
            mask[number] = any(
                len(end) > self.max_copy and self._held(part[: end[self.max_copy]])
                for part, end in zip(parts, ends, strict=True)
            )
        return mask

    def _held(self, passage: bytes) -> bool:
        """Whether a shard holds the bytes `passage`."""
        return any(shard.holds(passage) for shard in self.shards)


def _followers(shard: Shard, low: int, high: int, context: bytes, beginnings: _Beginnings) -> Mask:
    """Which of the `beginnings` follow `context`, with which the suffixes [low, high) begin: (passages,)."""
    if high - low > MANY * len(beginnings.passages):
        sought = list(range(len(beginnings.passages)))
        hits = np.ones(len(beginnings.passages), dtype=bool)
    else:
        # The suffixes are sorted and all begin with the context, so what follows it is sorted too.
        words = shard.words[shard.suffixes[low:high].astype(np.int64) + len(context)].byteswap()
        hits = words.searchsorted(beginnings.first) < words.searchsorted(beginnings.last, side="right")
        sought = [number for number in beginnings.long if hits[number]]
    for number in sought:
        below, above = shard.interval(context + beginnings.passages[number])
        hits[number] = below < above
    return hits


def _beginnings_by_length(tokens: Sequence[bytes], lacking: int) -> list[_Beginnings]:
    """The beginnings of `tokens` that complete 1, 2, ... characters behind one that lacks `lacking` bytes."""
    ends = [_character_ends(token, lacking) for token in tokens]
    result = []
    for count in range(1, max(map(len, ends), default=0) + 1):
        of_token = [
            token[: end[count - 1]] if len(end) >= count else None for token, end in zip(tokens, ends, strict=True)
        ]
        passages = sorted({passage for passage in of_token if passage is not None})
        numbers = {passage: number for number, passage in enumerate(passages)}
        result.append(
            _Beginnings(
                passages=passages,
                first=_words(passages, b"\0"),
                last=_words(passages, b"\xff"),
                long=[number for number, passage in enumerate(passages) if len(passage) > WORD],
                of_token=np.array([len(passages) if one is None else numbers[one] for one in of_token], dtype=np.int64),
            )
        )
    return result


def _words(passages: Sequence[bytes], fill: bytes) -> NDArray[np.uint64]:
    return np.array([int.from_bytes(passage[:WORD].ljust(WORD, fill)) for passage in passages], dtype=np.uint64)


def _character_starts(text: bytes) -> list[int]:
    """The places of the bytes that begin a character."""
    return [i for i, byte in enumerate(text) if byte & 0xC0 != 0x80]


def _suffix_starts(text: bytes) -> list[int]:
    """Where the last 0, 1, ... whole characters of `text` begin, each with what there is of the one after them.

    >>> _suffix_starts(b"ab"), _suffix_starts(b"ab\\xc3")
    ([2, 1, 0], [2, 1, 0])
    """
    starts = _character_starts(text)
    if not _lacking(text):
        starts.append(len(text))
    return starts[::-1]


def _most_characters(token: bytes) -> int:
    """How many characters `token` completes at most."""
    return len(_character_starts(token)) + (_width(token[0]) == 0 if token else 0)


def _character_ends(token: bytes, lacking: int) -> list[int]:
    """Behind which bytes of `token` a character is complete, when the text before lacks `lacking` bytes of one; up to
    the first byte that cannot be.

    >>> _character_ends(b"a\\xc3\\xa9b\\xe2\\x82", 0), _character_ends(b"\\x82\\xacx", 2)
    ([1, 3, 4], [2, 3])
    """
    ends: list[int] = []
    continuing, end = (lacking, lacking) if lacking else _next_character(token, 0)
    while 0 < end <= len(token) and all(byte & 0xC0 == 0x80 for byte in token[end - continuing : end]):
        ends.append(end)
        continuing, end = _next_character(token, end)
    return ends


def _next_character(token: bytes, start: int) -> tuple[int, int]:
    """How many continuation bytes the character at `start` has, and where it ends; 0 where no character begins."""
    width = _width(token[start]) if start < len(token) else 0
    return (width - 1, start + width) if width else (0, 0)


def _lacking(text: bytes) -> int:
    """How many bytes the last character of `text` lacks.

    >>> [_lacking("a€".encode()[:size]) for size in range(5)]
    [0, 0, 2, 1, 0]
    """
    for back, byte in enumerate(reversed(text[-3:]), start=1):
        if byte & 0xC0 != 0x80:
            return max(0, _width(byte) - back)
    return 0


def _width(lead: int) -> int:
    """How many bytes the character has that begins with the byte `lead`; 0 when none does."""
    if lead < 0x80:
        return 1
    return (lead >= 0xC2) + (lead >= 0xC2) + (lead >= 0xE0) + (lead >= 0xF0) if lead < 0xF5 else 0
