"""The guard against brute force over all passages, on tokens that may be parts of characters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.build_index import index_books
from poet.attribution.guard import CopyGuard, open_guard
from tests.attribution.shelf import indexed, letters

# Whole characters, several, and parts of é, ü, 𝄞 and the emoji; a stray and an impossible byte.
PIECES = ["a", "b", " ", "ab", "ba ", "é", "aé", "éü", "𝄞b", "\n", "ab ab ab a", "a" * 9, "😀😁"]
TOKENS = [piece.encode() for piece in PIECES] + [
    b"\xc3",
    b"\xa9",
    b"\xbc",
    b"\xf0\x9f",
    b"\x98\x80",
    b"\x98",
    b"\x81",
    b"\x9d\x84\x9eb",
    b"\xa9a",
    b"a\xc3",
    b"\x80",
    b"\xff",
    b"\xffab",
    b"ab\x80",
    b"",
]


def completes_a_copy(books, text, token, max_copy):
    """Whether a passage of more than `max_copy` complete characters ends in `token` after `text`, and is in a book."""
    joined = text + token
    for start in range(len(joined)):
        for end in range(max(start, len(text)) + 1, len(joined) + 1):
            try:
                passage = joined[start:end].decode()
            except UnicodeDecodeError:
                continue
            if len(passage) > max_copy and any(passage in book for book in books):
                return True
    return False


@given(
    st.lists(letters, min_size=1, max_size=3),
    letters,
    st.lists(st.integers(0, len(TOKENS) - 1), max_size=6),
    st.integers(1, 6),
    st.sampled_from([200, 1 << 30]),
)
def test_forbidden_tokens_are_those_of_brute_force(texts, prompt, ids, max_copy, largest):
    texts = [text * 2 for text in texts]
    guard = CopyGuard(indexed({str(i): text for i, text in enumerate(texts)}, largest), TOKENS, max_copy)
    state, text = guard.state(prompt.encode()), prompt.encode()
    for token in [*ids, 0]:
        expected = [completes_a_copy(texts, text, other, max_copy) for other in TOKENS]
        assert guard.forbidden(state).tolist() == expected
        after = [guard.advance(state, other) for other in range(len(TOKENS))]
        assert [one is None for one in after] == expected
        text += TOKENS[token]
        state = guard.state(text) if after[token] is None else after[token]


def test_no_walk_over_allowed_tokens_copies_more_than_allowed():
    """As a sampler would: random allowed tokens behind a prompt that is itself a copy."""
    random = np.random.default_rng(0)
    book = "".join(random.choice(list("ab é\n"), size=600))
    guard = CopyGuard(indexed({"a": book}), TOKENS, 4)
    state, text = guard.state(book[:10].encode()), book[:10].encode()
    for _ in range(300):
        token = int(random.choice(np.flatnonzero(~guard.forbidden(state))))
        state, text = guard.advance(state, token), text + TOKENS[token]
    begun = len(book[:10].encode())
    copied = [completes_a_copy([book], text[max(0, k - 24) : k], text[k : k + 1], 4) for k in range(begun, len(text))]
    assert len(copied) > 300 and not any(copied)
    assert any(completes_a_copy([book], text[:k], text[k : k + 1], 4) for k in range(begun)), "the prompt is a copy"


def test_a_guard_is_opened_only_where_there_is_a_limit(tmp_path):
    index_books([("a", "one two three")], tmp_path / "index")
    guard = open_guard(tmp_path / "index", [b" two", b"x"], 5)
    assert guard.forbidden(guard.state(b"one")).tolist() == [True, False]
    assert open_guard(tmp_path / "missing", [b" two", b"x"], 0) is None


def test_a_copy_that_begins_in_the_prompt_counts_and_the_prompt_itself_does_not():
    guard = CopyGuard(indexed({"a": "one two three four"}), [b" ", b"three", b"thr", b"x"], 8)
    assert guard.forbidden(guard.state(b"one two three")).tolist() == [True, False, False, False]
    assert guard.forbidden(guard.state(b"e two ")).tolist() == [False, True, True, False]
    assert guard.forbidden(guard.state(b"two ")).tolist() == [False, True, False, False]


def test_the_mask_takes_frequent_contexts_too(monkeypatch):
    """Both ways to look up what follows a context agree."""
    books = {"a": "ab ab ab ab ba ab ab ab aa a" * 50}
    states = ["ab", "b a", "a", "ba "]
    masks = []
    for many in (0, 10**9):
        monkeypatch.setattr("poet.attribution.guard.MANY", many)
        guard = CopyGuard(indexed(books), TOKENS, 5)
        masks.append([guard.forbidden(guard.state(text.encode())).tolist() for text in states])
    assert masks[0] == masks[1] and any(map(any, masks[0]))


def test_all_may_be_forbidden_but_not_when_there_are_single_bytes():
    pairs = indexed({"a": "aabba"})
    guard = CopyGuard(pairs, [b"a", b"b"], 1)
    assert guard.forbidden(guard.state(b"a")).all()
    guard = CopyGuard(pairs, [bytes([byte]) for byte in range(256)], 1)
    assert np.flatnonzero(guard.forbidden(guard.state(b"a"))).tolist() == [ord("a"), ord("b")]


@pytest.mark.parametrize("max_copy", [1, 3])
def test_the_state_does_not_grow_with_the_text(max_copy):
    guard = CopyGuard(indexed({"a": "éé"}), [b"x", b"\xc3"], max_copy)
    state = guard.start([0] * 1000)
    size = len(state.tail)
    for _ in range(100):
        state = guard.advance(state, 0)
    assert len(state.tail) == size < 20 * max_copy
