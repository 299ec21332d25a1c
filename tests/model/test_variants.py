"""Every variant of the transformer: all of it learns, nothing sees the future, the cache changes nothing."""

import dataclasses

import pytest
import torch

from poet.generation.sampling import generate
from poet.model.size import mlp_width
from poet.params.model import ModelConfig, Yoke
from poet.params.sampling import SamplingParams
from poet.training.distributed import World
from poet.training.step import Trainer
from tests.recipes import ADAMW, MUON
from tests.tiny import CONFIG, VARIANTS, VOCAB_SIZE, generator, logits_looking_back, tiny_model

EACH = pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)


def tokens(*shape, seed=2):
    return torch.randint(VOCAB_SIZE, shape, generator=generator(seed))


@EACH
@pytest.mark.parametrize("optimizer", [MUON, ADAMW], ids=["muon", "adamw"])
def test_every_parameter_has_a_gradient_and_moves(config, optimizer):
    """The yoke of the first torch-transformer-poet had blocks that no optimizer knew."""
    model = tiny_model(config)
    windows = 2 if model.carries_state else 1
    trainer = Trainer(model, optimizer, torch.float32, world=World(device=torch.device("cpu")), state_windows=windows)
    x = tokens(4, windows * 12 + 1)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    trainer.gradients(x[:, :-1], x[:, 1:])
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name
    model.zero_grad()
    trainer.step(x[:, :-1], x[:, 1:], 1.0, 0)
    for name, parameter in model.named_parameters():
        assert not torch.equal(parameter, before[name]), name


@EACH
def test_the_future_does_not_move_the_past(config):
    model, one = tiny_model(config), tokens(1, 10)
    other = one.clone()
    other[0, 6] = (other[0, 6] + 1) % VOCAB_SIZE
    before, after = model(one), model(other)
    assert torch.equal(before[:, :6], after[:, :6])
    assert (before[:, 6:] != after[:, 6:]).any()


@EACH
def test_a_cache_changes_nothing(config):
    model, x = tiny_model(config), tokens(2, 10)
    cache = model.new_cache(2, torch.float32)
    parts = torch.cat([model(part, cache) for part in x.split([4, 1, 5], dim=1)], dim=1)
    torch.testing.assert_close(parts, model(x), atol=1e-5, rtol=1e-4)


@EACH
def test_variants_generate_past_their_context(config):
    steps = list(generate(tiny_model(config), [1, 2], [SamplingParams(temperature=1.0, seed=0)] * 2, 30, torch.float32))
    assert len(steps) == 30


def test_the_state_of_one_window_enters_the_next():
    model = tiny_model(VARIANTS["yoke state"])
    x, y = tokens(2, 12), tokens(2, 12, seed=3)
    alone, state = model.loss(x, y)
    after, _ = model.loss(x, y, torch.float32, state)
    assert state.shape == (2, 12, 6) and not state.requires_grad
    assert alone.item() != after.item()


def test_state_after_a_slide_comes_from_one_window_before():
    """Over three slides, against whole windows in which each token is given the activations of the one 12 before."""
    model, window, prompts = tiny_model(VARIANTS["yoke state"]), 12, tokens(20, 5)
    greedy = [SamplingParams(temperature=0, seed=0)] * 20
    generated = [torch.from_numpy(ids) for ids in generate(model, prompts.numpy(), greedy, 30, torch.float32)]
    text, start = prompts, 0
    # The newest activations of each token, by its place in the text, behind a window of zeros.
    activations = torch.zeros(20, window + 35, 6)
    with torch.no_grad():
        for ids in generated:
            length = text.size(1)
            state = activations[:, start:length]  # those of the tokens one window before
            x, hidden = model.hidden(text[:, start:], None, torch.float32, state)
            activations[:, window + start : window + length] = hidden
            expected = (x[:, -1] @ model.head_weight.T).argmax(dim=-1)
            assert torch.equal(ids, expected), length
            text = torch.cat((text, expected[:, None]), dim=1)
            # A full window slides: its last half is read again, with the new token.
            if length - start == window:
                start = length + 1 - window // 2


FORGET = {name: config for name, config in VARIANTS.items() if tiny_model(config).can_forget}


def test_who_can_forget():
    assert VARIANTS.keys() - FORGET.keys() == {"classic", "classic with biases", "yoke state"}


@pytest.mark.parametrize("config", FORGET.values(), ids=FORGET)
@pytest.mark.parametrize("count", [1, 5])
def test_a_cache_that_forgets_equals_attention_that_does_not_look_back(config, count):
    model, x = tiny_model(config), tokens(2, 40)
    cache, first, steps = model.new_cache(2, torch.float32), [0], []
    for part in x.split(1, dim=1):
        steps.append(model(part, cache))
        full = cache.length == 12
        if full:
            model.forget(cache, count)
        first.append(first[-1] + count * full)
    expected = logits_looking_back(model, x, first[:-1])
    torch.testing.assert_close(torch.cat(steps, dim=1), expected, atol=1e-4, rtol=1e-4)


def test_a_yoke_without_residual_is_all_that_passes():
    """With the yoke's output at zero, the input has no influence any more."""
    model = tiny_model(VARIANTS["yoke without residual"])
    with torch.no_grad():
        model.blocks[0].mlp.down.weight.zero_()
    assert torch.equal(model(tokens(1, 8)), model(tokens(1, 8, seed=9)))


def scale_queries_and_keys(model):
    """Ten times as large in the first layer; the values stay as they are."""
    attention = model.blocks[0].attention
    with torch.no_grad():
        attention.qkv.weight[: sum(attention.rows[:2])] *= 10


@pytest.mark.parametrize("qk_norm", [True, False])
def test_the_norm_of_queries_and_keys_takes_their_size_away(qk_norm):
    model, x = tiny_model(dataclasses.replace(CONFIG, qk_norm=qk_norm)), tokens(1, 8)
    before = model(x)
    scale_queries_and_keys(model)
    assert torch.allclose(before, model(x), atol=1e-4) == qk_norm


def test_compression_narrows_the_middle():
    config = ModelConfig(n_layer=7, n_head=1, n_embd=30, sequence_len=8, compression=0.1)
    assert [mlp_width(config, layer) for layer in range(7)] == [120, 84, 48, 12, 48, 84, 120]


def test_grouped_queries_equal_repeated_keys_and_values():
    """Against full attention whose keys and values are copies of the shared ones."""
    grouped, full = tiny_model(VARIANTS["grouped queries"]), tiny_model(ModelConfig(**{**vars(CONFIG), "n_head": 4}))
    with torch.no_grad():
        for one, other in zip(grouped.parameters(), full.parameters(), strict=True):
            if one.shape == other.shape:
                other.copy_(one)
        for one, other in zip(grouped.blocks, full.blocks, strict=True):
            q, k, v = one.attention.qkv.weight.split([16, 8, 8])
            k, v = (t.view(2, 4, 16).repeat_interleave(2, dim=0).reshape(16, 16) for t in (k, v))
            other.attention.qkv.weight.copy_(torch.cat((q, k, v)))
    torch.testing.assert_close(grouped(tokens(2, 9)), full(tokens(2, 9)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_head": 3}, "n_embd 16 must be a multiple of n_head 3"),
        ({"n_head": 16}, "heads of 1; rotary positions turn pairs"),
        ({"n_head": 4, "n_kv_head": 3}, "n_kv_head 3 must divide n_head 4"),
        (
            {"yoke": Yoke(layer=2, width=4, residual=True, state=False)},
            "yoke.layer 2 is out of range; allowed are 0 to 1",
        ),
    ],
)
def test_sizes_that_do_not_fit_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig(**{**vars(CONFIG), **changes})
