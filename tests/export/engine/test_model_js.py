"""The transformer of the page against the one of torch: logits, and the ids of whole texts, for every variant."""

import dataclasses

import numpy as np
import pytest
import torch

from poet.export.weights import pack_weights, quantize
from poet.generation.sampling import generate
from poet.params.sampling import SamplingParams
from tests.export.engine.node import base64_of
from tests.tiny import CONFIG, VARIANTS, VOCAB_SIZE, tiny_model

EACH = pytest.mark.parametrize("config", [CONFIG, *VARIANTS.values()], ids=["modern", *VARIANTS])
# Every token is a letter of its own, so that no token is ever in the middle of a character.
LETTERS = [base64_of(bytes([65 + i])) for i in range(VOCAB_SIZE)]
IDS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]


def calm_model(config):
    """A model whose yoke's state, if it has one, does not grow from window to window until float32 overflows."""
    model = tiny_model(config)
    with torch.no_grad():
        for block in model.blocks:
            if block.mlp.gate is not None:
                block.mlp.gate.weight.mul_(0.1)
    return model


def load(node, model, precision="float32"):
    packed = pack_weights(model, precision)
    return node("model", description=packed.description, weights=base64_of(packed.content))


@EACH
def test_the_logits_are_those_of_torch(node, config):
    model = tiny_model(config)
    assert load(node, model) == model.can_forget
    with torch.no_grad():
        expected = model(torch.tensor([IDS]))[0].numpy()
    found = np.array(node("logits", ids=IDS))
    assert found.shape == expected.shape == (len(IDS), VOCAB_SIZE)
    np.testing.assert_allclose(found, expected, atol=2e-5)


@EACH
@pytest.mark.parametrize("prompt", [[7], IDS + IDS[::-1]], ids=["short", "longer than the window"])
def test_a_seed_writes_the_ids_of_python(node, config, prompt):
    """70 tokens in a window of 12: a model that can forget does so, the others slide, a yoke's state goes on."""
    model = calm_model(config)
    load(node, model)
    for seed, changes in enumerate([
        {},
        {"temperature": 0.0},
        {"top_k": 5, "top_p": 0.8},
        {"min_p": 0.1, "repetition_penalty": 1.3},
    ]):
        settings = {"temperature": 1.0, "seed": seed} | changes
        expected = [int(ids[0]) for ids in generate(model, prompt, [SamplingParams(**settings)], 70, torch.float32)]
        found = node("continue", prompt=prompt, settings=settings | {"tokens": 70}, forced=[], tokens=LETTERS)
        assert found == expected
    assert len(set(expected)) > 5


@EACH
def test_int8_is_the_float32_model_with_rounded_weights(node, config):
    model = tiny_model(config)
    load(node, model, "int8")
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                whole, scales = quantize(parameter.numpy())
                parameter.copy_(torch.from_numpy(whole.astype(np.float32) * scales[:, None]))
        expected = model(torch.tensor([IDS]))[0].numpy()
    np.testing.assert_allclose(np.array(node("logits", ids=IDS)), expected, atol=2e-5)


def test_wide_heads_and_odd_widths(node):
    """Columns that are no multiple of four, and the widths of the default model's heads."""
    for changes in ({"n_embd": 22, "n_head": 1}, {"n_embd": 192, "n_head": 2}, {"n_embd": 18, "n_head": 3}):
        model = tiny_model(dataclasses.replace(CONFIG, **changes))
        load(node, model)
        with torch.no_grad():
            expected = model(torch.tensor([IDS]))[0].numpy()
        np.testing.assert_allclose(np.array(node("logits", ids=IDS)), expected, atol=5e-5)


def test_a_forced_token_changes_nothing_before_it_and_draws_a_number(node):
    model = tiny_model(CONFIG)
    load(node, model)
    settings = {"temperature": 1.0, "seed": 4, "tokens": 30}
    free = node("continue", prompt=[7], settings=settings, forced=[], tokens=LETTERS)
    other = (free[9] + 1) % VOCAB_SIZE
    forced = node("continue", prompt=[7], settings=settings, forced=[[9, other]], tokens=LETTERS)
    assert forced[:10] == [*free[:9], other] and forced[10:] != free[10:]
    # The token that would have been chosen, forced, is the same text: as many numbers were drawn.
    assert node("continue", prompt=[7], settings=settings, forced=[[9, free[9]]], tokens=LETTERS) == free
