"""Streaming: the pieces are the text, and no character comes in halves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.generation.characters import complete_text, decode_stream
from poet.generation.stream import stream_texts
from poet.model.saving import TrainedModel
from poet.model.transformer import Transformer
from poet.params.sampling import SamplingParams
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import decode, encode
from tests.recipes import sizes
from tests.tiny import CONFIG, generator

TOKENIZER = train_tokenizer(["some words, naïve œuvres – 東京"], sizes("byte"))
TRAINED = TrainedModel(
    model=Transformer(CONFIG, TOKENIZER.get_vocab_size(), generator()).eval(), tokenizer=TOKENIZER, sha256=""
)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_pieces_are_complete_characters(text):
    pieces = list(decode_stream(TOKENIZER, encode(TOKENIZER, text).tolist()))
    assert "".join(pieces) == text.rstrip("\N{REPLACEMENT CHARACTER}")
    # U+FFFD also stands for bytes that are no character, so a text that contains it waits for what follows.
    if "\N{REPLACEMENT CHARACTER}" not in text:
        assert pieces == list(text)


@given(ids=st.lists(st.integers(0, 256), max_size=30))
def test_pieces_of_any_bytes_add_up(ids):
    assert "".join(decode_stream(TOKENIZER, ids)) == complete_text(TOKENIZER, ids)


@pytest.mark.parametrize("kind", ["byte", "char", "bytegram"])
def test_a_text_that_ends_within_a_character_ends_before_it(kind):
    tokenizer = train_tokenizer(["some words " * 20], sizes(kind, vocab_size=400))
    ids = [*encode(tokenizer, "some ").tolist(), *encode(tokenizer, "東").tolist()]
    assert decode(tokenizer, ids) == "some 東"
    for cut in (-1, -2):
        assert complete_text(tokenizer, ids[:cut]) == "".join(decode_stream(tokenizer, ids[:cut])) == "some "


def test_several_samples_come_one_after_the_other():
    sampling = [SamplingParams(temperature=1.0, seed=seed) for seed in (1, 2)]
    together = ["".join(pieces) for pieces in stream_texts(TRAINED, "ab", sampling, 20)]
    alone = ["".join(next(stream_texts(TRAINED, "ab", [params], 20))) for params in sampling]
    assert together == alone
    assert together[0] != together[1]


def test_the_first_text_appears_while_it_is_generated(monkeypatch):
    """A piece comes before the next token is asked for."""
    asked = []

    def slowly(*arguments):
        for number in range(4):
            asked.append(number)
            yield encode(TOKENIZER, "abc\n"[number])

    monkeypatch.setattr("poet.generation.stream.generate", slowly)
    pieces = next(stream_texts(TRAINED, "x", [SamplingParams(temperature=1.0, seed=1)], 3))
    seen = [(piece, list(asked)) for piece in pieces]
    assert seen == [("a", [0]), ("b", [0, 1]), ("c", [0, 1, 2])]
