"""Streaming: the pieces are the text, and no character comes in halves."""

from hypothesis import given
from hypothesis import strategies as st

from poet.generation.stream import stream, text_pieces
from poet.model.saving import TrainedModel
from poet.model.transformer import Transformer
from poet.params.sampling import SamplingParams
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import decode, encode
from tests.recipes import sizes
from tests.tiny import CONFIG, generator

TOKENIZER = train_tokenizer(["some words, naïve œuvres – 東京"], sizes("byte"))
POET = TrainedModel(
    model=Transformer(CONFIG, TOKENIZER.get_vocab_size(), generator()).eval(), tokenizer=TOKENIZER, sha256=""
)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_pieces_are_whole_characters(text):
    ids = encode(TOKENIZER, text).tolist()
    assert "".join(text_pieces(POET, iter(ids))) == text
    assert all(piece in text for piece in text_pieces(POET, iter(ids)))


@given(ids=st.lists(st.integers(0, 256), max_size=30))
def test_pieces_of_any_bytes_add_up(ids):
    assert "".join(text_pieces(POET, iter(ids))) == decode(TOKENIZER, ids)


def test_several_samples_come_one_after_the_other():
    draws = [SamplingParams(temperature=1.0, seed=seed) for seed in (1, 2)]
    together = ["".join(pieces) for pieces in stream(POET, "ab", draws, 20)]
    alone = ["".join(next(stream(POET, "ab", [draw], 20))) for draw in draws]
    assert together == alone
    assert together[0] != together[1]
