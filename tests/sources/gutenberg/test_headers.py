"""Headers of any content: read as what they say, or refused with a reason; no other exception."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poet.sources.gutenberg.headers import NonsenseHeader, read_framing, retry_after

NUMBERS = st.integers(-(10**20), 10**20).map(str) | st.sampled_from(["", " 7 ", "+7", "7_0", "²", "٧", "1e3", "nan"])
VALUES = st.text(max_size=30) | NUMBERS | st.tuples(NUMBERS, NUMBERS).map(", ".join)
RANGES = st.tuples(NUMBERS, NUMBERS, NUMBERS | st.just("*")).map(lambda three: "bytes {}-{}/{}".format(*three))
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Length": VALUES,
        "Content-Range": VALUES | RANGES,
        "Transfer-Encoding": VALUES | st.sampled_from(["chunked", "Chunked", "identity", "gzip, chunked"]),
        "Retry-After": VALUES,
    },
)


@given(st.sampled_from([200, 206]), HEADERS, st.none() | st.integers(1, 10**9))
def test_any_headers_are_read_or_refused(status, headers, asked_from):
    try:
        framing = read_framing(status, headers, asked_from)
    except NonsenseHeader as error:
        assert str(error).startswith("sends")
        return
    assert framing.start == (asked_from if status == 206 else 0)
    assert framing.end is None or framing.end >= framing.start
    assert framing.total is None or framing.end is None or framing.total >= framing.end


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.booleans(), st.booleans())
def test_a_true_range_is_believed_and_a_shifted_one_is_not(size, missing, known, measured):
    total = size + missing
    headers = {"Content-Range": f"bytes {size}-{total - 1}/{total if known else '*'}"}
    if measured:
        headers["Content-Length"] = str(missing)
    framing = read_framing(206, headers, size)
    assert (framing.start, framing.end, framing.total) == (size, total, total if known else None)
    for other in (size - 1, size + 1, None):
        with pytest.raises(NonsenseHeader):
            read_framing(206, headers, other)
    with pytest.raises(NonsenseHeader):
        read_framing(206, headers | {"Content-Length": str(missing + 1)}, size)


@given(VALUES, st.floats(0, 1e10))
@example("Fri, 99 Foo 9999999 99:99:99 GMT", 0.0)
@example("Fri, 31 Dec 9999 23:59:59 -2359", 0.0)
@example("9" * 5000, 0.0)
def test_any_retry_after_is_a_wait(value, now):
    wait = retry_after({"Retry-After": value}, now)
    assert math.isfinite(wait) and wait >= 0
