"""A guard against copying: which tokens would complete a verbatim copy of more than N characters, N = `max_copy`.

A sampler that asks the guard before it accepts a token writes no copy above the limit. MemFree decoding (Ippolito et
al. 2022, arXiv 2210.17546) does this with a Bloom filter, which forbids some tokens by mistake. Here the limit counts
characters, and the suffix array makes no mistakes.

A copy counts if its last character is completed by the new token, wherever it begins, also in the prompt. A copy inside
the prompt does not count: the sampler did not write it.

A copy of more than N characters ends at some character of a text if and only if the N + 1 characters up to there occur
in a book together. So the guard looks at passages of N + 1 characters only, and answers two questions about them:

- May this token follow? `advance` is called for every token. The guard knows an upper bound for how many characters at
  the end of the text occur in a book together. Most tokens are too short to make more than N of them, and nothing has
  to be searched.
- Which tokens may not follow? `forbidden` is called when the sampler has to choose again. For each k: which tokens
  would complete a passage of N + 1 copied characters with their k-th character? Look up the text's last N + 1 - k
  characters in the suffix array. Their continuations are sorted, so one binary search per token prefix answers it.

Tokens may be cut anywhere, also inside a character. Everything here therefore works on bytes, and keeps count of the
bytes that the last character of a text still misses.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import BOUNDARY, Index, Shard, open_index
from poet.attribution.token_prefixes import TokenPrefixes, token_prefixes
from poet.attribution.utf8 import character_ends, character_starts, missing_bytes, sequence_length

Mask = NDArray[np.bool_]

# Contexts whose answers are kept. Short contexts are slow to look up, because much follows them, and come back often.
REMEMBERED = 4096

# If a context occurs more than MANY times per token prefix, search each prefix separately instead of reading all
# occurrences; at this ratio both take the same time.
MANY = 2000


def open_guard(index: Path, tokens: Sequence[bytes], max_copy: int) -> "CopyGuard | None":
    """The guard over the index in the folder `index` that allows copies of at most `max_copy` characters; None when
    `max_copy` is 0, which means no limit.

    `tokens[i]` are the bytes of the token id `i`.
    """
    return CopyGuard(open_index(index), tokens, max_copy) if max_copy else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardState:
    """What the guard knows of a text.

    `tail` is the end of the text; every copy that could still exceed the limit begins inside it.
    `matched` is an upper bound for how many of the last characters occur in a book together, with the bytes of an
    unfinished one behind them. It is never above the limit, because more would make no difference.
    """

    tail: bytes
    matched: int


class CopyGuard:
    """Says which token ids may not follow a text, so that no copy from the books of `index` exceeds `max_copy`.

    `token_bytes[i]` are the bytes of the token id `i`; they may be parts of characters. When all tokens are forbidden,
    the text can only end there. That cannot happen to a vocabulary with all single bytes: a byte that begins no
    character of the books ends every copy.
    """

    def __init__(self, index: Index, token_bytes: Sequence[bytes], max_copy: int) -> None:
        self.shards, self.token_bytes, self.max_copy = index.exact, list(token_bytes), max_copy
        # What depends on the token alone is computed once. `_prefixes[m][k - 1]` are the token prefixes that complete k
        # characters behind a text whose last character misses m bytes.
        self._prefixes = [token_prefixes(self.token_bytes, missing) for missing in range(4)]
        self._most_characters = [_most_characters(token) for token in self.token_bytes]
        self._always_forbidden = self._find_copies_inside_tokens()
        # What follows a context does not depend on the text before it, so the answers can be kept.
        self._find_completing = functools.lru_cache(REMEMBERED)(self._search_completing)

    def start(self, ids: Sequence[int]) -> GuardState:
        """The state after the prompt `ids`."""
        return self.state(b"".join(self.token_bytes[i] for i in ids))

    def state(self, text: bytes) -> GuardState:
        """The state after the UTF-8 `text`."""
        return GuardState(tail=self._cut_tail(text), matched=self.max_copy)

    def advance(self, state: GuardState, token: int) -> GuardState | None:
        """The state after one more token; None if the token is forbidden."""
        if self._always_forbidden[token]:
            return None
        new, characters, matched = self.token_bytes[token], self._most_characters[token], state.matched
        # Usually the token is too short to bring the bound above the limit: allowed, without a search.
        if matched + characters > self.max_copy:
            # Else the bound may be too high. Find a better one, and if that is too high as well, look up the passages
            # that end in the token.
            matched = self._tighten(state, enough=self.max_copy - characters)
            if matched + characters > self.max_copy and self._completes_copy(state.tail, matched, new):
                return None
        return GuardState(tail=self._cut_tail(state.tail + new), matched=min(matched + characters, self.max_copy))

    def forbidden(self, state: GuardState) -> Mask:
        """Which tokens would complete a copy of more than `max_copy` characters: (vocabulary,)."""
        mask = self._always_forbidden.copy()
        starts, prefixes = _suffix_starts(state.tail), self._prefixes[missing_bytes(state.tail)]
        # From many characters in the token, and so a short context, to one character and the longest context.
        for characters in range(min(len(prefixes), self.max_copy + 1), 0, -1):
            needed = self.max_copy + 1 - characters
            if needed >= len(starts):
                break  # the text has fewer characters
            context = state.tail[starts[needed] :]
            if not context:
                continue  # the passage is inside the token, which `_always_forbidden` covers
            completing = self._find_completing(context, characters)
            if completing is None:
                break  # no book contains this context, so none contains a longer one
            mask |= completing
        return mask

    def _cut_tail(self, text: bytes) -> bytes:
        """The end of `text` in which every copy begins that could still exceed the limit."""
        # The last `max_copy` + 1 characters, of at most four bytes each, are enough. A boundary byte is in no book, so
        # no copy contains it.
        return text[max(text.rfind(BOUNDARY) + 1, len(text) - 4 * (self.max_copy + 1), 0) :]

    def _tighten(self, state: GuardState, enough: int) -> int:
        """A better upper bound than `state.matched`: the exact number, or any bound that is at most `enough`."""
        starts = _suffix_starts(state.tail)
        # Binary search. If the last n characters occur in a book, so do the last n - 1.
        least, most = 0, min(state.matched, len(starts) - 1)
        while enough < most and least < most:
            middle = (least + most + 1) // 2
            if self._occurs(state.tail[starts[middle] :]):
                least = middle
            else:
                most = middle - 1
        return most

    def _completes_copy(self, tail: bytes, matched: int, token: bytes) -> bool:
        """Whether `token` completes a copy of `max_copy` + 1 characters that begins in `tail`.

        At most the last `matched` characters of `tail` occur in a book together.
        """
        starts = _suffix_starts(tail)
        # Each complete character of the token ends one such passage.
        for count, end in enumerate(character_ends(token, missing_bytes(tail)), start=1):
            needed = self.max_copy + 1 - count
            if needed < 0:
                break  # the passage would begin inside the token, which `_always_forbidden` covers
            if needed <= matched and self._occurs(tail[starts[needed] :] + token[:end]):
                return True
        return False

    def _search_completing(self, context: bytes, characters: int) -> Mask | None:
        """Which tokens complete, with that number of `characters`, a passage of a book that begins with `context`.

        The mask is (vocabulary,); None when no book contains `context`.
        """
        prefixes = self._prefixes[missing_bytes(context)][characters - 1]
        # The last entry stays False: it is for the tokens that complete fewer characters and have no such prefix.
        hits = np.zeros(len(prefixes.prefixes) + 1, dtype=bool)
        found = False
        for shard in self.shards:
            low, high = shard.interval(context)
            if low < high:
                found = True
                hits[:-1] |= _prefixes_after(shard, low, high, context, prefixes)
        return hits[prefixes.of_token] if found else None  # (prefixes + 1,) -> (vocabulary,)

    def _find_copies_inside_tokens(self) -> Mask:
        """Which tokens contain a copy of more than `max_copy` characters by themselves: (vocabulary,)."""
        return np.array([self._contains_copy(token) for token in self.token_bytes], dtype=bool)

    def _contains_copy(self, token: bytes) -> bool:
        # Is a copy of max_copy + 1 characters inside the token? It begins at one of its characters.
        for start in character_starts(token):
            rest = token[start:]
            ends = character_ends(rest, missing=0)
            if len(ends) > self.max_copy and self._occurs(rest[: ends[self.max_copy]]):
                return True
        return False

    def _occurs(self, passage: bytes) -> bool:
        """Whether a book contains the bytes `passage`."""
        return any(shard.contains(passage) for shard in self.shards)


def _prefixes_after(shard: Shard, low: int, high: int, context: bytes, prefixes: TokenPrefixes) -> Mask:
    """Which of `prefixes` follow `context` in the shard: (prefixes,). The suffixes [low, high) begin with `context`."""
    if high - low > MANY * len(prefixes.prefixes):
        # Very frequent context: search every prefix by itself.
        hits = np.ones(len(prefixes.prefixes), dtype=bool)
        unsure = list(range(len(prefixes.prefixes)))
    else:
        # The suffixes are sorted and begin with the same context, so the windows behind it are sorted too. A prefix
        # follows if some window is between the least and the greatest that begin with the prefix.
        positions = shard.suffixes[low:high].astype(np.int64) + len(context)  # (occurrences,)
        windows = shard.windows[positions].byteswap()  # little- to big-endian: integers that sort like bytes
        hits = windows.searchsorted(prefixes.least) < windows.searchsorted(prefixes.greatest, side="right")
        # The window says nothing about the bytes of a prefix behind it.
        unsure = [number for number in prefixes.long if hits[number]]
    for number in unsure:
        hits[number] = shard.contains(context + prefixes.prefixes[number])
    return hits


def _suffix_starts(text: bytes) -> list[int]:
    """Where the last 0, 1, 2, ... characters of `text` begin; an unfinished character at its end is always included.

    >>> _suffix_starts(b"ab"), _suffix_starts(b"ab\\xc3")
    ([2, 1, 0], [2, 1, 0])
    """
    starts = character_starts(text)
    if not missing_bytes(text):
        starts.append(len(text))
    return starts[::-1]


def _most_characters(token: bytes) -> int:
    """How many characters `token` completes at most, whatever comes before it.

    >>> _most_characters(b"ab"), _most_characters("é".encode()[1:] + b"b")
    (2, 2)
    """
    begun = len(character_starts(token))
    if token and not sequence_length(token[0]):
        return begun + 1  # the first byte may complete a character of the text before
    return begun
