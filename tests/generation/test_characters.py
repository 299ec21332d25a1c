"""Whole characters: the guard allows exactly the beginnings of valid UTF-8."""

import codecs
import functools

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from poet.generation.characters import REPLACEMENT, CharacterGuard, complete_text
from poet.generation.grid import sample_prompt
from poet.generation.sampling import generate
from poet.generation.stream import stream_texts
from poet.model.saving import TrainedModel
from poet.model.transformer import Transformer
from poet.params.sampling import SamplingParams
from poet.params.sections import SampleSettings
from poet.tokenizers.kinds import KINDS, train_tokenizer
from poet.tokenizers.tokenizer import decode, encode, token_bytes
from tests.recipes import sizes
from tests.tiny import CONFIG, generator

# All single bytes, and tokens that begin, end or contain a part of a character.
TOKENS = [
    b"",
    *(bytes([byte]) for byte in range(256)),
    b"a\xc3",
    b"\xa9b",
    b"\xe6\x9d",
    b"\xb1\xe4\xba",
    "東京".encode(),
]


def begins_utf8(content: bytes) -> bool:
    """Whether some valid text begins with `content`, by trying every way to complete it with up to three bytes."""
    for end in (b"", *COMPLETIONS):
        try:
            (content + end).decode()
        except UnicodeDecodeError:
            continue
        return True
    return False


# Every range of second bytes that some leading byte asks for (table 3-7 of the Unicode standard), and the last bytes.
COMPLETIONS = [
    second + last[:count]
    for second in (b"\x80", b"\x90", b"\xa0", b"\xbf", b"\x8f", b"\x9f")
    for last in [b"\x80\x80"]
    for count in (0, 1, 2)
]


@given(ids=st.lists(st.integers(0, len(TOKENS) - 1), max_size=12))
@example(ids=[1 + 0xED, 1 + 0xA0])  # half of a surrogate pair
@example(ids=[1 + 0xE0, 1 + 0x9F])  # a letter of two bytes, in three
@example(ids=[1 + 0xF4, 1 + 0x90])  # above the last character of Unicode
def test_a_token_is_forbidden_if_and_only_if_no_text_begins_so(ids):
    guard = CharacterGuard(TOKENS)
    state, content = guard.start([]), b""
    for token in ids:
        allowed = begins_utf8(content + TOKENS[token])
        assert guard.forbidden(state)[token] == (not allowed)
        after = guard.advance(state, token)
        assert (after is not None) == allowed
        if after is not None:
            state, content = after, content + TOKENS[token]
        # One token at least, beside the separator, which writes nothing.
        assert not guard.forbidden(state)[1:].all()


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=6), cut=st.integers(0, 3))
def test_a_prompt_may_end_within_a_character(text, cut):
    content = text.encode()[: len(text.encode()) - cut]
    guard = CharacterGuard(TOKENS)
    start, state = guard.start([byte + 1 for byte in content]), guard.start([])
    for byte in content:
        state = guard.advance(state, byte + 1)
    assert start == state


class Only:
    """A further guard that allows the token ids `allowed` alone, and counts the tokens of a text."""

    def __init__(self, *allowed: int) -> None:
        self.allowed = allowed

    def start(self, ids):
        return len(ids)

    def advance(self, state, token):
        return state + 1 if token in self.allowed else None

    def forbidden(self, state):
        return ~np.isin(np.arange(len(TOKENS)), self.allowed)


def test_a_further_guard_forbids_as_well():
    guard = CharacterGuard(TOKENS, Only(1 + ord("a"), 1 + 0xC3))
    state = guard.start([5, 6])
    assert state.further == 2
    assert np.flatnonzero(~guard.forbidden(state)).tolist() == [1 + ord("a"), 1 + 0xC3]
    assert guard.advance(state, 1 + ord("b")) is None
    after = guard.advance(state, 1 + 0xC3)
    assert after is not None and after == (b"\xc3", 3)
    # What would complete the character is forbidden by the further guard, all else by the bytes.
    assert guard.forbidden(after).all()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_untrained_model_writes_whole_characters(kind):
    tokenizer = train_tokenizer(["some words, naïve œuvres, 東京は夜の七時 " * 9], sizes(kind, vocab_size=400))
    model = Transformer(CONFIG, tokenizer.get_vocab_size(), generator()).eval()
    trained = TrainedModel(model=model, tokenizer=tokenizer, sha256="")
    prompt = encode(tokenizer, "some ")
    sampling = [SamplingParams(temperature=1.5, seed=seed) for seed in range(8)]
    # Without the guard an untrained model writes single bytes of all sorts, where the kind has such tokens.
    steps = np.stack(list(generate(model, prompt, sampling, 40, torch.float32)), axis=1)
    assert any(REPLACEMENT in complete_text(tokenizer, ids) for ids in steps) == (kind != "word")
    for pieces in stream_texts(trained, "some ", sampling, 40):
        assert REPLACEMENT not in "".join(pieces)
    settings = SampleSettings(
        seed=1, prompts=["some "], temperatures=[1.5], top_k=0, top_p=1.0, min_p=0.0, repetition_penalty=1.0,
        max_copy=0, samples=8, tokens=40,
    )  # fmt: skip
    for sample in sample_prompt(trained, "some ", settings, 0, None, lambda: None):
        assert sample.text and REPLACEMENT not in sample.text


def test_complete_text_keeps_all_but_the_unfinished_character():
    tokenizer = train_tokenizer(["some words"], sizes("byte"))
    ids = encode(tokenizer, "a東").tolist()
    assert complete_text(tokenizer, ids) == decode(tokenizer, ids) == "a東"
    assert complete_text(tokenizer, ids[:-1]) == "a"


@pytest.mark.parametrize("kind", ["bytegram", "byte", "bpe"])
@given(text=st.text("aé東😀", max_size=8), cut=st.integers(0, 3))
def test_complete_text_equals_reading_the_bytes(kind, text, cut):
    tokenizer = _tokenizer(kind)
    ids = encode(tokenizer, text).tolist()
    ids = ids[: len(ids) - cut]
    read = codecs.utf_8_decode(b"".join(token_bytes(tokenizer)[i] for i in ids), "strict", False)[0]
    assert complete_text(tokenizer, ids) == read


@functools.cache
def _tokenizer(kind):
    return train_tokenizer(["some words " * 20], sizes(kind, vocab_size=400))
