"""The grid of one prompt: each cell is the text that its own parameters generate."""

import dataclasses

import numpy as np
import pytest
import torch

from poet.generation.grid import sample_prompt
from poet.generation.sampling import generate
from poet.model.saving import TrainedModel
from poet.params.sampling import SamplingParams, sampling_params
from poet.params.sections import SampleSettings
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import decode, encode
from tests.recipes import sizes
from tests.texts import babble
from tests.tiny import VOCAB_SIZE, tiny_model

SETTINGS = SampleSettings(
    seed=5,
    prompts=["the "],
    temperatures=[0.0, 0.9, 1.1],
    max_copy=0,
    samples=2,
    tokens=15,
    top_k=30,
    top_p=0.95,
    min_p=0.001,
    repetition_penalty=1.3,
)


@pytest.fixture(scope="module")
def trained():
    tokenizer = train_tokenizer([babble(1, 500)], sizes("word", vocab_size=VOCAB_SIZE))
    return TrainedModel(model=tiny_model(vocab_size=tokenizer.get_vocab_size()), tokenizer=tokenizer, sha256="")


def test_each_sample_is_what_its_parameters_generate(trained):
    tokens_done = []
    samples = sample_prompt(trained, "the ", SETTINGS, 10, None, lambda: tokens_done.append(1))
    assert [(one.sample, one.seed, one.temperature) for one in samples] == [
        (10, 15, 0.0),
        (11, 16, 0.0),
        (12, 17, 0.9),
        (13, 18, 0.9),
        (14, 19, 1.1),
        (15, 20, 1.1),
    ]
    prompt = encode(trained.tokenizer, "the ")
    for one in samples:
        assert (one.prompt, one.tokens, one.max_copy) == ("the ", 15, 0)
        fields = [field.name for field in dataclasses.fields(SamplingParams)]
        params = SamplingParams(**{name: getattr(one, name) for name in fields})
        assert params == sampling_params(SETTINGS, temperature=one.temperature, seed=one.seed)
        ids = np.concatenate(list(generate(trained.model, prompt, [params], 15, torch.float32)))
        assert one.text == decode(trained.tokenizer, ids)
    assert len(tokens_done) == 15


def test_every_limit_changes_the_samples(trained):
    def texts(**limits):
        settings = dataclasses.replace(SETTINGS, **limits)
        return [one.text for one in sample_prompt(trained, "the ", settings, 0, None, lambda: None)]

    free = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0}
    plain = texts(**free)
    for name, value in {"top_k": 2, "top_p": 0.3, "min_p": 0.5, "repetition_penalty": 2.0}.items():
        assert texts(**free | {name: value}) != plain, name


def test_a_guard_is_asked(trained):
    class Nothing:
        """A guard that forbids all but the token 7."""

        def start(self, ids):
            return 0

        def advance(self, state, token):
            return state if token == 7 else None

        def forbidden(self, state):
            return np.arange(trained.tokenizer.get_vocab_size()) != 7

    (one, *_) = sample_prompt(trained, "the ", SETTINGS, 0, Nothing(), lambda: None)
    assert one.text == decode(trained.tokenizer, [7] * 15)


def test_a_sample_ends_with_a_complete_character(trained):
    class OneLetter:
        """A guard that forbids everything but the three bytes of one letter, in turn."""

        def start(self, ids):
            return 0

        def advance(self, state, token):
            return state + 1 if token == wanted[state % 3] else None

        def forbidden(self, state):
            return np.arange(257) != wanted[state % 3]

    tokenizer = train_tokenizer(["words"], sizes("byte"))
    wanted = encode(tokenizer, "東")
    model = TrainedModel(model=tiny_model(vocab_size=257), tokenizer=tokenizer, sha256="")
    settings = dataclasses.replace(SETTINGS, tokens=14)
    (one, *_) = sample_prompt(model, "the ", settings, 0, OneLetter(), lambda: None)
    assert (one.text, one.tokens) == ("東" * 4, 14)
