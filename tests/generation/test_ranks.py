"""The ranks of tokens, against the whole text read at once, and where the tokens end in the text."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from poet.generation.characters import CharacterGuard, complete_text, token_ends
from poet.generation.grid import sample_prompt
from poet.generation.ranks import DECIMALS, Ranks
from poet.generation.sampling import generate
from poet.model.saving import TrainedModel
from poet.params.sampling import SamplingParams
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import encode, token_bytes
from tests.generation.test_grid import SETTINGS
from tests.recipes import sizes
from tests.texts import babble
from tests.tiny import tiny_model

BYTES = train_tokenizer(["words"], sizes("byte"))
PIECES = train_tokenizer([babble(1, 500) + "東京へ行く é" * 20], sizes("bpe", vocab_size=300))


@pytest.fixture(scope="module")
def trained():
    return TrainedModel(model=tiny_model(vocab_size=PIECES.get_vocab_size()), tokenizer=PIECES, sha256="")


def test_ranks_are_those_of_the_model_before_any_limit(trained):
    samples = sample_prompt(trained, "the ", SETTINGS, 0, None, lambda: None)
    prompt = encode(trained.tokenizer, "the ")
    params = [
        SamplingParams(**{field.name: getattr(one, field.name) for field in dataclasses.fields(SamplingParams)})
        for one in samples
    ]
    guard = CharacterGuard(token_bytes(trained.tokenizer))
    steps = list(generate(trained.model, prompt, params, 8, torch.float32, guard))
    for row, one in enumerate(samples):
        assert len(one.ranks) == len(one.probabilities) == len(one.ends) == one.tokens == 15
        # Few enough tokens that they are in one window, so the model can read the text at once.
        ids = [*map(int, prompt), *(int(step[row]) for step in steps)]
        with torch.inference_mode():
            logits = trained.model(torch.tensor([ids]))[0].double()  # (T, V)
        for number in range(8):
            scores, chosen = logits[len(prompt) + number - 1], ids[len(prompt) + number]
            order = torch.argsort(scores, descending=True).tolist()
            assert one.ranks[number] == order.index(chosen) + 1
            exact = math.exp(scores[chosen] - torch.logsumexp(scores, dim=-1))
            assert one.probabilities[number] == pytest.approx(exact, abs=10**-DECIMALS)
    # Greedy rows have a repetition penalty here, so even they do not always take the likeliest token.
    assert {rank for one in samples for rank in one.ranks} > {1}


def test_equal_tokens_have_the_first_rank():
    ranks = Ranks()
    ranks.note(torch.tensor([[0.0, 2.0, 2.0, 1.0]] * 3), np.array([2, 3, 0]))
    assert [ranks.ranks(row) for row in range(3)] == [(1,), (3,), (4,)]


def test_the_texts_are_the_same_with_and_without_ranks(trained):
    prompt, params = encode(trained.tokenizer, "the "), [SamplingParams(temperature=1.0, seed=3)] * 2
    plain, watched = (
        np.stack(list(generate(trained.model, prompt, params, 20, torch.float32, None, watch)))
        for watch in (None, Ranks().note)
    )
    assert (plain == watched).all()


@pytest.mark.parametrize("tokenizer", [BYTES, PIECES], ids=["byte", "bpe"])
@given(st.text(st.sampled_from("a é東\n"), max_size=20), st.integers(0, 3))
def test_tokens_end_where_their_text_does(tokenizer, text, dropped):
    ids = encode(tokenizer, text)
    ids = ids[: len(ids) - dropped]
    ends = token_ends(tokenizer, ids)
    whole = complete_text(tokenizer, ids)
    assert len(ends) == len(ids) and ends == sorted(ends)
    for number, end in enumerate(ends, start=1):
        assert end == len(complete_text(tokenizer, ids[:number]))
        assert whole[:end] == complete_text(tokenizer, ids[:number])
