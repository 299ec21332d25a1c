"""The transformer against slow, plain references; causality, cache and initialisation."""

import math

import pytest
import torch
import torch.nn.functional as F

from poet.model.activations import squared_relu
from poet.model.layers import attend, rms_norm, rotary_table, rotate
from poet.model.loss import capped_cross_entropy
from poet.model.transformer import Transformer
from tests.tiny import CONFIG, generator


def tokens(*shape):
    return torch.randint(40, shape, generator=generator(2))


def plain_attention(q, k, v):
    """Softmax attention written out, the mask by positions."""
    T, S = q.size(-2), k.size(-2)
    scores = q @ k.mT / math.sqrt(q.size(-1))
    future = torch.arange(S)[None, :] > torch.arange(S - T, S)[:, None]
    return scores.masked_fill(future, -torch.inf).softmax(-1) @ v


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (6, 6), (1, 6), (3, 6)])
def test_attention_equals_the_plain_one(queries, keys):
    q, k, v = (torch.randn(2, 3, n, 4, generator=generator(n)) for n in (queries, keys, keys))
    torch.testing.assert_close(attend(q, k, v), plain_attention(q, k, v))


def test_attention_for_training_in_bfloat16_equals_the_plain_one():
    """Values and gradients; a CPU takes another way there."""
    found = []
    for attention in (attend, plain_attention):
        q, k, v = (torch.randn(2, 3, 9, 4, generator=generator(n)).bfloat16().requires_grad_() for n in range(3))
        y = attention(q, k, v)
        y.backward(torch.ones_like(y) * torch.arange(4))
        found.append([y, q.grad, k.grad, v.grad])
    for ours, plain in zip(*found, strict=True):
        torch.testing.assert_close(ours, plain, atol=0.02, rtol=0.03)


def test_rotary_scores_depend_on_the_distance_alone():
    cos, sin = rotary_table(12, 8, torch.device("cpu"), torch.float64)
    q, k = (torch.randn(8, dtype=torch.float64, generator=generator(i)) for i in range(2))
    queries, keys = (rotate(x.expand(1, 12, 1, 8), cos, sin)[0, :, 0] for x in (q, k))
    scores = queries @ keys.T
    for distance in range(-5, 6):
        diagonal = scores.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))
    torch.testing.assert_close(queries.norm(dim=-1), q.norm().expand(12))


def test_squared_relu_and_its_gradient():
    x = torch.randn(5, 7, dtype=torch.float64, generator=generator()).requires_grad_()
    torch.testing.assert_close(squared_relu(x), F.relu(x) ** 2)
    assert torch.autograd.gradcheck(squared_relu, x)


def test_rms_norm():
    x = torch.randn(3, 8, generator=generator())
    torch.testing.assert_close(rms_norm(x), x / x.pow(2).mean(-1, keepdim=True).sqrt(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("cap", [5.0, 0.0])
@pytest.mark.parametrize("rows", [1, 7, 2050])
def test_the_chunked_loss_equals_the_plain_one(rows, cap):
    """Value and both gradients, over more rows than one chunk holds."""
    hidden = torch.randn(rows, 6, dtype=torch.float32, generator=generator())
    weight, targets = torch.randn(11, 6, generator=generator(1)), torch.randint(11, (rows,), generator=generator(2))
    results = []
    for loss in (
        lambda h, w: capped_cross_entropy(h, w, targets, cap),
        lambda h, w: F.cross_entropy(cap * torch.tanh(h @ w.T / cap) if cap else h @ w.T, targets),
    ):
        h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        value = loss(h, w)
        (3 * value).backward()
        results.append((value, h.grad, w.grad))
    for ours, plain in zip(*results, strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-6, rtol=1e-4)


def test_loss_agrees_with_the_logits(model):
    x = tokens(3, 12)
    logits = model(x[:, :-1])
    torch.testing.assert_close(
        model.loss(x[:, :-1], x[:, 1:])[0], F.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten())
    )


def test_shapes(model):
    cache = model.new_cache(3, torch.float32)
    assert model(tokens(3, 5), cache).shape == (3, 5, 40)
    assert model(tokens(3, 2), cache, last=True).shape == (3, 1, 40)
    assert cache.length == 7
    assert [layer.keys.shape for layer in cache.layers] == [(3, 2, 12, 8)] * 2


def test_a_new_model_gives_every_token_the_same_chance():
    logits = Transformer(CONFIG, 40, generator())(tokens(2, 6))
    assert not logits.any()


def test_the_future_does_not_move_the_past(model):
    one = tokens(1, 10)
    other = one.clone()
    other[0, 6] = (other[0, 6] + 1) % 40
    before, after = model(one), model(other)
    assert torch.equal(before[:, :6], after[:, :6])
    assert (before[:, 6:] != after[:, 6:]).any()


@pytest.mark.parametrize("cut", [1, 4, 9])
def test_a_cache_changes_nothing(model, cut):
    x = tokens(2, 10)
    whole, cache = model(x), model.new_cache(2, torch.float32)
    first, rest = model(x[:, :cut], cache), model(x[:, cut:], cache)
    torch.testing.assert_close(torch.cat((first, rest), dim=1), whole, atol=1e-5, rtol=1e-4)


def test_every_parameter_learns(model):
    model.loss(tokens(4, 11), tokens(4, 11))[0].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_bfloat16_stays_near_float32(model):
    x, y = tokens(4, 11), tokens(4, 11)
    assert model.loss(x, y, torch.bfloat16)[0].item() == pytest.approx(model.loss(x, y)[0].item(), rel=0.03)


def test_the_generator_decides_the_weights():
    one, same, other = (Transformer(CONFIG, 40, generator(seed)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["embedding.weight"], other["embedding.weight"])
