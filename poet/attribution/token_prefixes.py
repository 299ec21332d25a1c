"""The prefixes of tokens by the number of characters that they complete, prepared for the guard's searches.

Thousands of tokens share few prefixes: cut to their first character, they are hardly more than the alphabet. So the
guard searches for prefixes, not for tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from poet.attribution.index import WINDOW, IntArray
from poet.attribution.utf8 import character_ends


@dataclass(frozen=True, kw_only=True)
class TokenPrefixes:
    """The different prefixes of tokens that complete exactly k characters, and which token has which."""

    prefixes: list[bytes]  # sorted
    least: NDArray[np.uint64]  # (prefixes,) the least big-endian window that begins with the prefix
    greatest: NDArray[np.uint64]  # (prefixes,) the greatest such window
    long: list[int]  # the numbers of the prefixes that are longer than a window
    of_token: IntArray  # (vocabulary,) the number of the token's prefix; len(prefixes) for tokens with fewer characters


def token_prefixes(tokens: Sequence[bytes], missing: int) -> list[TokenPrefixes]:
    """The prefixes of `tokens` that complete 1, 2, ... characters, behind a text whose last one misses `missing` bytes.

    >>> one, two = token_prefixes([b"a", b"at", b"ab", b"b"], missing=0)
    >>> one.prefixes, one.of_token.tolist()
    ([b'a', b'b'], [0, 0, 0, 1])
    >>> two.prefixes, two.of_token.tolist()
    ([b'ab', b'at'], [2, 1, 0, 2])
    """
    ends = [character_ends(token, missing) for token in tokens]
    most_characters = max(map(len, ends), default=0)
    by_characters = []
    # As far as the token with the most characters goes. Tokens with fewer have None in the later rounds.
    for characters in range(1, most_characters + 1):
        of_token = [
            token[: end[characters - 1]] if len(end) >= characters else None
            for token, end in zip(tokens, ends, strict=True)
        ]
        by_characters.append(_number_prefixes(of_token))
    return by_characters


def _number_prefixes(of_token: Sequence[bytes | None]) -> TokenPrefixes:
    """Number the different prefixes in `of_token`, which has None for tokens without one."""
    prefixes = sorted({prefix for prefix in of_token if prefix is not None})
    numbers: dict[bytes | None, int] = {prefix: number for number, prefix in enumerate(prefixes)}
    numbers[None] = len(prefixes)
    return TokenPrefixes(
        prefixes=prefixes,
        # Windows are big-endian, so the bytes behind a short prefix count least: zeros make the least window that
        # begins with the prefix, and 0xFF the greatest.
        least=_filled_windows(prefixes, b"\0"),
        greatest=_filled_windows(prefixes, b"\xff"),
        long=[number for number, prefix in enumerate(prefixes) if len(prefix) > WINDOW],
        # A mask over the prefixes, (prefixes + 1,), becomes one over the tokens by `mask[of_token]`.
        of_token=np.array([numbers[prefix] for prefix in of_token], dtype=np.int64),
    )


def _filled_windows(prefixes: Sequence[bytes], fill: bytes) -> NDArray[np.uint64]:
    """The first WINDOW bytes of each prefix as a big-endian integer, filled up with the byte `fill`: (prefixes,)."""
    windows = [int.from_bytes(prefix[:WINDOW].ljust(WINDOW, fill)) for prefix in prefixes]
    return np.array(windows, dtype=np.uint64)
