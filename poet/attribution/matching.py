"""For every character of a text, the longest passage from there on that occurs in a book: the matching statistics.

A match is written [start, end). The end of the longest match from each start is all that the callers need: spans are
the matches inside no other one, and copying metrics count the characters that matches cover.
"""

from collections.abc import Callable, Sequence

import numpy as np

from poet.attribution.index import Index, IntArray, Shard
from poet.attribution.search import QueryText, encode_query, longest_matches

# `evaluate_monotone` divides a range into this many parts per round. NumPy takes about as long for one search as for
# a few hundred together, so few rounds of many searches are faster than many rounds of few.
BRANCHES = 512


def match_ends(index: Index, text: str) -> IntArray:
    """For each character of `text`, the end of the longest verbatim match that begins there: (len(text),).

    The end equals the start where no book contains the character.
    """
    query = encode_query(text)
    return match_ends_from(index.exact, query, np.arange(len(query.boundaries) - 1))


def maximal_matches(ends: IntArray, min_length: int) -> IntArray:
    """Of the matches [i, ends[i]), those with `min_length` that are inside no other one, by start: (matches, 2).

    >>> maximal_matches(np.array([3, 3, 5, 3, 4]), 1).tolist()
    [[0, 3], [2, 5]]
    """
    if not len(ends):
        return np.zeros((0, 2), dtype=np.int64)
    starts = np.arange(len(ends))
    # A match is inside an earlier one unless it ends behind all of them.
    furthest_before = np.maximum.accumulate(np.concatenate(([0], ends[:-1])))
    kept = (ends - starts >= min_length) & (ends > furthest_before)
    return np.stack((starts[kept], ends[kept]), axis=1)  # two arrays (matches,) -> (matches, 2)


def long_match_ends(shards: Sequence[Shard], query: QueryText, min_length: int) -> IntArray:
    """Like `match_ends_from` for all starts, but a start that no maximal match of `min_length` needs gets an empty one.

    That skips most of the searches. Every passage of `min_length` characters contains a probe, a shorter passage that
    begins at a multiple of `step`. With a `min_length` of 8 and a `step` of 2, a probe has 7 characters:

        starts      0 1 2 3 4 5 6 7 8 9
        passage       = = = = = = = =
        probe           = = = = = = =

    Most probes occur in no book, and then no start near them has to be searched.
    """
    # The larger the step, the fewer probes; but the shorter they are, and the more of them occur in some book.
    step = max(1, min_length // 4)
    count = len(query.boundaries) - 1
    probes = np.arange(0, count, step)
    probe_ends = match_ends_from(shards, query, probes)
    found = probe_ends - probes >= min_length - step + 1

    ends = np.arange(count)  # empty matches
    ends[probes[found]] = probe_ends[found]
    # The starts between a probe and the one before it come next, but only where the matches of the two end in
    # different places. Where they end in the same place, so do all matches between, inside that of the first probe.
    found &= np.diff(probe_ends, prepend=-1) > 0
    starts = (probes[found][:, None] - np.arange(step - 1, 0, -1)).ravel()  # (probes, 1) - (step - 1,) -> (starts,)
    starts = starts[starts >= 0]
    ends[starts] = match_ends_from(shards, query, starts)
    return ends


def match_ends_from(shards: Sequence[Shard], query: QueryText, starts: IntArray) -> IntArray:
    """The end of the longest match from each of `starts`, ascending: (starts,).

    Starts and ends are numbers of `query.boundaries`, which are numbers of characters unless the caller chose others.
    """

    def end_bytes(numbers: IntArray) -> IntArray:
        begins = query.boundaries[starts[numbers]]
        lengths = np.zeros(len(begins), dtype=np.int64)
        for shard in shards:
            np.maximum(lengths, longest_matches(shard, query, begins), out=lengths)
        return begins + lengths

    # A match never ends before one that begins earlier: without its first characters, the earlier one is a match too.
    ends = evaluate_monotone(end_bytes, len(starts))
    # A match of bytes may end inside a character. It counts up to the last boundary that it reaches.
    return query.boundaries.searchsorted(ends, side="right") - 1


def evaluate_monotone(function: Callable[[IntArray], IntArray], count: int, branches: int = BRANCHES) -> IntArray:
    """The values of `function`, never falling and never negative, at 0 ... `count` - 1, from few evaluations: (count,).

    Where the function is equal at two points, it is constant between them and is not evaluated there. Without this, a
    text that is one long copy would take time quadratic in its length: every start matches up to the same end.

    >>> evaluated = []
    >>> def floor_of_fifth(points):
    ...     evaluated.extend(points.tolist())
    ...     return points // 5
    >>> evaluate_monotone(floor_of_fifth, 12, branches=2).tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2]
    >>> sorted(set(range(12)) - set(evaluated))  # known from their neighbours
    [1, 2, 3, 7]
    """
    # What is known of each value: least <= value <= most. A value is known where the two are equal.
    least = np.zeros(count, dtype=np.int64)
    most = np.full(count, np.iinfo(np.int64).max)

    # The first round takes the points 0, stride, 2 * stride, ...; each round divides the stride by `branches`.
    stride = 1
    while stride * branches < count:
        stride *= branches
    while stride:
        points = np.arange(0, count, stride)
        points = points[least[points] < most[points]]
        least[points] = most[points] = function(points)
        # No value is below one further left, and none above one further right.
        least = np.maximum.accumulate(least)
        most = np.minimum.accumulate(most[::-1])[::-1]
        stride //= branches
    return least
