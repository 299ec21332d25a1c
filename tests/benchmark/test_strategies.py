"""Ways to choose tokens: each reaches the text, typical tokens are the typical ones, the likeliest text is chosen."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from poet.benchmark.strategies import Strategy, keep_typical, parse_strategy, write_ids
from poet.errors import ConfigError
from poet.model.saving import TrainedModel
from poet.params.model import ModelConfig
from poet.tokenizers.kinds import train_tokenizer
from tests.recipes import CHAR
from tests.texts import babble
from tests.tiny import tiny_model

CONFIG = ModelConfig(n_layer=1, n_head=1, n_embd=16, sequence_len=32)
PROMPTS = np.array([[260, 261], [262, 263], [264, 260]])


@pytest.fixture(scope="module")
def trained():
    tokenizer: Tokenizer = train_tokenizer([babble(1, 300)], CHAR)
    return TrainedModel(model=tiny_model(CONFIG, tokenizer.get_vocab_size()), tokenizer=tokenizer, sha256="0" * 64)


@pytest.mark.parametrize(
    "changed",
    [
        {"temperature": 0.5},
        {"top_p": 0.3},
        {"min_p": 0.5},
        {"repetition_penalty": 2.0},
        {"typical": 0.3},
        {"best_of": 3},
    ],
)
def test_every_setting_reaches_the_text_and_can_be_spelled(trained, changed):
    strategy = Strategy(**changed)
    assert parse_strategy(str(strategy)) == strategy
    one, other = (write_ids(trained, PROMPTS, choice, 20, seed=1) for choice in (Strategy(), strategy))
    assert one.shape == other.shape == (3, 20)
    assert not np.array_equal(one, other)
    assert np.array_equal(write_ids(trained, PROMPTS, strategy, 20, seed=1), other), "the same seed, the same text"


def log_likelihood(trained, prompt, ids):
    with torch.no_grad():
        logits = trained.model(torch.tensor([[*prompt, *ids]]))[0, len(prompt) - 1 : -1]
    return torch.log_softmax(logits, dim=-1)[torch.arange(len(ids)), torch.tensor(ids)].sum().item()


def test_the_best_of_several_is_the_likeliest(trained):
    """Of the texts that the same seeds write one by one."""
    best = write_ids(trained, PROMPTS, Strategy(best_of=4), 10, seed=5)
    single = write_ids(trained, np.repeat(PROMPTS, 4, axis=0), Strategy(), 10, seed=5).reshape(3, 4, 10)
    for prompt, chosen, texts in zip(PROMPTS, best, single, strict=True):
        likelihoods = [log_likelihood(trained, prompt, text.tolist()) for text in texts]
        assert chosen.tolist() == texts[np.argmax(likelihoods)].tolist()


@pytest.mark.parametrize(
    ("probabilities", "mass", "kept"),
    [
        # The mean surprise is 1.49 bits, those of the tokens are 1, 1.74 and 2.32.
        ([0.5, 0.3, 0.2], 0.2, {1}),
        ([0.5, 0.3, 0.2], 0.31, {0, 1}),
        ([0.5, 0.3, 0.2], 0.81, {0, 1, 2}),
        # Here 0.9 bits, of tokens with 0.23, 3.5 and 4.3: the likeliest is the typical one.
        ([0.85, 0.09, 0.05, 0.01], 0.8, {0}),
    ],
)
def test_typical_tokens_are_those_of_usual_surprise(probabilities, mass, kept):
    logits = keep_typical(torch.log(torch.tensor([probabilities, probabilities])), mass)
    assert [set(torch.isfinite(row).nonzero().flatten().tolist()) for row in logits] == [kept] * 2


def test_typical_sampling_ends_with_its_texts(trained):
    before = trained.model(torch.tensor(PROMPTS))
    write_ids(trained, PROMPTS, Strategy(typical=0.5), 3, seed=1)
    assert torch.equal(trained.model(torch.tensor(PROMPTS)), before)


@pytest.mark.parametrize("text", ["heat=1", "temperature", "top_p=x", "best_of=1.5"])
def test_what_is_no_setting_is_refused(text):
    with pytest.raises(ConfigError, match=f"{text!r} .* is no setting of sampling; expected temperature, top_p"):
        parse_strategy(f"min_p=0.1 {text}")


@pytest.mark.parametrize("text", ["temperature=-1", "top_p=0", "best_of=0", "typical=0", "typical=1.5", "min_p=nan"])
def test_what_is_out_of_range_is_refused(text):
    with pytest.raises(ConfigError, match=text):
        parse_strategy(text)
