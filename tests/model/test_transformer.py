"""The transformer against slow, plain references; causality, cache and initialisation."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from poet.model import loss as loss_module
from poet.model.activations import squared_relu
from poet.model.layers import attend, rms_norm
from poet.model.loss import capped_cross_entropy
from poet.model.rotary import rotary_table, rotate
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig, Yoke
from tests.tiny import CONFIG, generator, tiny_model


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
    """Values and gradients; there a CPU multiplies matrices instead of calling torch's own attention."""
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


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_the_loss_of_a_gpu_takes_few_launches(monkeypatch, kind):
    """16,384 predictions of 20,000 tokens, counted on tensors without content."""

    class Counter(TorchDispatchMode):
        calls = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            Counter.calls += 1
            return func(*args, **(kwargs or {}))

    for name in ("CHUNK_LOGITS", "BLOCK_LOGITS"):
        monkeypatch.setitem(getattr(loss_module, name), "meta", getattr(loss_module, name)[kind])
    hidden, weight = (torch.empty(n, 8, device="meta").requires_grad_() for n in (16_384, 20_000))
    with Counter():
        capped_cross_entropy(hidden, weight, torch.empty(16_384, dtype=torch.long, device="meta"), 15.0)
    assert Counter.calls < 400


@pytest.mark.parametrize("cap", [5.0, 0.0])
@pytest.mark.parametrize("rows", [1, 3, 4, 7, 8, 9, 50])
def test_the_chunked_loss_equals_the_plain_one(monkeypatch, rows, cap):
    """Value and both gradients, over fewer rows than a chunk has, several chunks, and several blocks of chunks."""
    monkeypatch.setattr(loss_module, "CHUNK_LOGITS", {"cpu": 4 * 11 + 3})  # 4 rows of 11 logits
    monkeypatch.setattr(loss_module, "BLOCK_LOGITS", {"cpu": 2 * (4 * 11 + 3)})  # 2 chunks
    hidden = torch.randn(rows, 6, dtype=torch.float32, generator=generator())
    weight, targets = torch.randn(11, 6, generator=generator(1)), torch.randint(11, (rows,), generator=generator(2))
    results = []
    for loss in (
        lambda h, w: capped_cross_entropy(h, w, targets, cap),
        lambda h, w: F.cross_entropy(cap * torch.tanh(h @ w.T / cap) if cap else h @ w.T, targets),
    ):
        h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        value = loss(h, w)
        # The gradient that arrives from above is not 1.
        (3 * value).backward()
        results.append((value, h.grad, w.grad))
    for ours, plain in zip(*results, strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("size", [1, 4, 5, 10, 11])
def test_slices_cover_every_row_once(size):
    covered = [row for part in loss_module._slices(10, 20, size) for row in range(part.start, part.stop)]
    assert covered == list(range(10, 20))


def test_loss_agrees_with_the_logits(model):
    x = tokens(3, 12)
    logits = model(x[:, :-1])
    torch.testing.assert_close(
        model.loss(x[:, :-1], x[:, 1:])[0], F.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten())
    )


def test_shapes(model):
    cache = model.new_cache(3, torch.float32)
    assert model(tokens(3, 5), cache).shape == (3, 5, 40)
    assert model(tokens(3, 2), cache, first=-1).shape == (3, 1, 40)
    assert cache.length == 7
    assert [layer.keys.shape for layer in cache.layers] == [(3, 2, 12, 8)] * 2


def test_flops_per_token_equal_those_that_torch_counts():
    """But for attention, of which the mask leaves half and torch counts all."""
    config = dataclasses.replace(CONFIG, n_head=2, n_kv_head=1, softcap=0.0)
    model, x = Transformer(config, 40, generator()).train(), tokens(3, 12)
    with FlopCounterMode(display=False) as counter:
        model.loss(x, x, torch.bfloat16)[0].backward()
    masked_half = 6 * config.n_layer * config.n_embd * 12
    assert counter.get_total_flops() / x.numel() == model.flops_per_token() + masked_half


def test_a_new_model_gives_every_token_the_same_probability():
    logits = Transformer(CONFIG, 40, generator())(tokens(2, 6))
    assert not logits.any()


def test_dropout_is_for_training_only():
    """Never in evaluation; in training after the embedding, in attention, and after attention and MLP."""
    plain, config = tiny_model(), dataclasses.replace(CONFIG, dropout=0.5)
    model, x = tiny_model(config), tokens(1, 8)
    assert torch.equal(model(x), plain(x))
    for part in (model, model.blocks[0], model.blocks[0].attention):
        model.eval()
        part.training = True
        assert not torch.equal(model(x), plain(x)), type(part)


@pytest.mark.parametrize("init", ["zero", "normal"])
def test_initial_weights(init):
    """Standard deviations over enough weights that they are within a few per cent."""
    config = ModelConfig(n_layer=8, n_head=2, n_embd=64, sequence_len=12, bias=True, init=init)
    model = Transformer(config, 200, generator())
    block = model.blocks[3]
    write = 0.0 if init == "zero" else 0.02 / 4
    expected = {
        model.embedding.weight: 1.0 if init == "zero" else 0.02,
        block.attention.qkv.weight: 1 / 8 if init == "zero" else 0.02,
        block.mlp.up.weight: 1 / 8 if init == "zero" else 0.02,
        block.attention.out.weight: write,
        block.mlp.down.weight: write,
        model.head.weight: 0.0 if init == "zero" else 0.02,
        block.attention.qkv.bias: 0.0,
        block.mlp.down.bias: 0.0,
    }
    for weight, deviation in expected.items():
        assert weight.std().item() == pytest.approx(deviation, rel=0.05)
        assert abs(weight.mean().item()) <= 0.05 * deviation
    x = torch.randn(2, 5, 64, generator=generator(1))
    assert torch.equal(block(x, None)[0], x) == (init == "zero"), "a block starts as the identity"


def test_a_yoke_without_residual_starts_with_a_matrix_that_is_not_zero():
    """It would pass nothing on; with a residual path it starts at zero like all others, as the gate always does."""
    deviations = {
        residual: [
            model.blocks[1].mlp.down.weight.std().item(),
            model.blocks[1].mlp.gate.weight.std().item(),
        ]
        for residual in (True, False)
        for model in [Transformer(yoked(residual), 40, generator())]
    }
    assert deviations[True] == [0, 0]
    assert deviations[False] == [pytest.approx(0.02 / 2, rel=0.2), 0]


def yoked(residual):
    return dataclasses.replace(CONFIG, yoke=Yoke(layer=1, width=6, residual=residual, state=True))


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
    at_once, cache = model(x), model.new_cache(2, torch.float32)
    first, rest = model(x[:, :cut], cache), model(x[:, cut:], cache)
    torch.testing.assert_close(torch.cat((first, rest), dim=1), at_once, atol=1e-5, rtol=1e-4)


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
