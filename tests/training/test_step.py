"""One training step: parts, compilation, and losses that are not finite."""

import dataclasses
import signal

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from poet.errors import Interrupted, TrainingError
from poet.files import read_json
from poet.model.loss import capped_cross_entropy
from poet.training import step
from poet.training.compile_rule import COMPILE_MIN_FLOPS
from poet.training.distributed import World
from poet.training.step import Trainer, compile_blocks, should_compile
from tests.recipes import ADAMW, MODEL, MUON, TRAIN
from tests.tiny import VOCAB_SIZE, generator, tiny_model
from tests.training.runs import OnStep, run

CPU = torch.device("cpu")


def batch():
    block = torch.randint(VOCAB_SIZE, (4, 13), generator=generator(2))
    return block[:, :-1], block[:, 1:]


def test_a_batch_in_parts_is_the_same_batch(tokens, tmp_path):
    run(tokens, tmp_path / "whole")
    run(tokens, tmp_path / "parts", dataclasses.replace(TRAIN, accumulate=4))
    one, other = (pd.read_csv(tmp_path / name / "history.csv")["train_loss"] for name in ("whole", "parts"))
    assert other.to_numpy() == pytest.approx(one.to_numpy(), rel=1e-4)


@pytest.mark.parametrize(("optimizer", "peak"), [(MUON, 0.02), (ADAMW, 0.01)], ids=["muon", "adamw"])
def test_a_step_says_loss_norm_and_the_learning_rate_of_the_matrices(optimizer, peak):
    model = tiny_model()
    trainer = Trainer(model, optimizer, torch.float32, world=World(device=CPU))
    expected = model.loss(*batch())[0].item()
    result = trainer.step(*batch(), 0.5, 0)
    assert result.loss == pytest.approx(expected)
    assert result.learning_rate == peak / 2
    assert result.gradient_norm > 0


def test_clipping_shortens_the_gradient_and_keeps_its_direction(monkeypatch):
    """Against gradients scaled by hand; the optimizers see them before they are cleared."""
    seen = []

    def record(self, closure=None):
        seen.append(torch.cat([p.grad.flatten() for group in self.param_groups for p in group["params"]]))

    monkeypatch.setattr(torch.optim.AdamW, "step", record)
    for clip_norm in (0.0, 0.25):
        optimizer = dataclasses.replace(ADAMW, clip_norm=clip_norm)
        norm = Trainer(tiny_model(), optimizer, torch.float32, world=World(device=CPU)).step(*batch(), 1.0, 0)
        assert norm.gradient_norm > 0.25, "the norm is that before clipping"
    free, clipped = seen
    torch.testing.assert_close(clipped, free * 0.25 / free.norm())


@pytest.mark.filterwarnings("ignore")  # the compiler itself warns
def test_a_compiled_training_learns_the_same(tokens, tmp_path):
    """With dropout: compiled or not, the same activations are dropped."""
    model = dataclasses.replace(MODEL, dropout=0.3)
    run(tokens, tmp_path / "eager", dataclasses.replace(TRAIN, steps=10), model=model)
    run(tokens, tmp_path / "compiled", dataclasses.replace(TRAIN, steps=10, compile="on"), model=model)
    one, other = (pd.read_csv(tmp_path / name / "history.csv")["train_loss"] for name in ("eager", "compiled"))
    assert other.to_numpy() == pytest.approx(one.to_numpy(), rel=1e-3)
    assert read_json(tmp_path / "compiled" / "train.json")["compiled"] is True
    names = [list(load_file(tmp_path / name / "model" / "model.safetensors")) for name in ("eager", "compiled")]
    assert names[0] == names[1]


def test_training_goes_on_without_a_compiler_that_fails(tokens, tmp_path, monkeypatch, capfd):
    def broken(self, *arguments, **options):
        raise RuntimeError("no compiler here")

    monkeypatch.setattr(
        "poet.model.layers.Block.compile", lambda self, options: setattr(self, "_compiled_call_impl", broken)
    )
    plain = run(tokens, tmp_path / "plain", dataclasses.replace(TRAIN, steps=6))
    settings = dataclasses.replace(TRAIN, steps=6, compile="on")
    assert run(tokens, tmp_path / "fallen", settings) == plain
    assert "torch.compile failed (RuntimeError: no compiler here); training without it" in capfd.readouterr().err
    assert read_json(tmp_path / "fallen" / "train.json")["compiled"] is False


@pytest.fixture
def frames(monkeypatch):
    """Compile with dynamo alone, which takes no C++ compiler and no time; returns the counts of what it compiled."""
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", lambda part, backend="eager", options=None: compile_(part, backend=backend))
    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()
    yield torch._dynamo.utils.counters["stats"]
    torch.compiler.reset()


@pytest.mark.filterwarnings("ignore")
def test_validation_and_sampling_compile_nothing(tokens, tmp_path, frames):
    """Both run twice here, with other shapes and without gradients: graphs of their own, if they were compiled."""
    counts = []
    settings = dataclasses.replace(TRAIN, steps=6, validate_every=3, compile="on")
    run(tokens, tmp_path / "out", settings, tracker=OnStep(lambda step: counts.append(frames["unique_graphs"])))
    assert counts[0] > 0
    assert counts == [counts[0]] * 6 and frames["unique_graphs"] == counts[0]
    assert read_json(tmp_path / "out" / "train.json")["compiled"] is True


@pytest.mark.filterwarnings("ignore")
def test_a_graph_that_fails_later_falls_back_with_one_warning(frames, capfd):
    """A window of another length is another graph; its compilation fails in the middle of the training."""
    model, plain = tiny_model(), tiny_model()
    trainers = [Trainer(each, MUON, torch.float32, world=World(device=CPU)) for each in (model, plain)]
    assert compile_blocks(trainers[0], *batch())
    for block in model.blocks:
        block._compiled_call_impl = torch.compile(block._call_impl, backend=_broken_compiler)
    for number in range(3):
        results = [trainer.step(*batch(), 1.0, number) for trainer in trainers]
        assert results[0] == results[1]
    assert not trainers[0].compiled
    assert capfd.readouterr().err.count("torch.compile failed (") == 1


def _broken_compiler(graph, inputs):
    raise RuntimeError("no compiler here")


def test_a_stop_request_while_compiling_ends_in_a_snapshot(tokens, tmp_path, monkeypatch):
    settings = dataclasses.replace(TRAIN, steps=12, compile="on")
    plain = run(tokens, tmp_path / "plain", dataclasses.replace(settings, compile="off"))
    monkeypatch.setattr(torch, "compile", lambda part, options=None: signal.raise_signal(signal.SIGTERM) or part)
    with pytest.raises(Interrupted, match="stopped by SIGTERM at step 0 of 12"):
        run(tokens, tmp_path / "cut", settings)
    assert [path.name for path in (tmp_path / "cut").glob("resume/*/step-*")] == ["step-000000000"]
    monkeypatch.setattr(torch, "compile", lambda part, options=None: part)
    assert run(tokens, tmp_path / "cut", settings) == plain


def test_a_gradient_that_overflows_float16_is_computed_again_at_a_smaller_scale():
    model = tiny_model()
    trainer = Trainer(model, MUON, torch.float16, world=World(device=CPU))
    trainer.scaler.load_state_dict(trainer.scaler.state_dict() | {"scale": 2.0**24})
    exact = Trainer(tiny_model(), MUON, torch.float32, world=World(device=CPU))
    exact.gradients(*batch())
    _, norm = trainer.gradients(*batch())
    assert trainer.scaler.get_scale() < 2.0**24
    for half, full in zip(model.parameters(), exact.model.parameters(), strict=True):
        torch.testing.assert_close(half.grad, full.grad, rtol=0.05, atol=float(full.grad.abs().max()) * 0.02)
    assert norm == pytest.approx(float(step.gradient_norm(exact.model)), rel=0.01)


def test_gradients_too_small_for_float16_survive():
    """Without a scale, many gradients of 4,096 predictions of 2,000 tokens are below the smallest number."""
    hidden = torch.randn(4096, 16, generator=generator())
    weight, targets = (
        torch.randn(2000, 16, generator=generator(1)),
        torch.randint(2000, (4096,), generator=generator(2)),
    )
    found = []
    for dtype, scale in ((torch.float32, 1.0), (torch.float16, 1.0), (torch.float16, 65536.0)):
        x = hidden.to(dtype, copy=True).requires_grad_()
        capped_cross_entropy(x, weight, targets, 15.0, scale).backward()
        found.append(x.grad.float() / scale)
    lost, kept = ((other - found[0]).norm() / found[0].norm() for other in found[1:])
    assert kept < 0.001 and lost > 5 * kept


def test_a_cpu_compiles_only_what_is_long_enough_and_where_it_can(monkeypatch):
    monkeypatch.setattr(step.shutil, "which", lambda name: "/usr/bin/g++" if name == "g++" else None)
    assert should_compile("auto", CPU, COMPILE_MIN_FLOPS * 2)
    assert not should_compile("auto", CPU, COMPILE_MIN_FLOPS / 2)
    assert should_compile("auto", torch.device("cuda"), 0) and not should_compile("auto", torch.device("mps"), 1e30)
    monkeypatch.setattr(step.shutil, "which", lambda name: None)
    assert not should_compile("auto", CPU, COMPILE_MIN_FLOPS * 2)
    assert not should_compile("off", torch.device("cuda"), 1e30)


def test_a_loss_that_is_not_finite_stops_before_the_update(tokens, tmp_path, monkeypatch):
    recorded = []

    def poisoned(model, *arguments, loss=step.Transformer.loss):
        value, state = loss(model, *arguments)
        return value * float("nan") if len(recorded) == 3 else value, state

    monkeypatch.setattr(step.Transformer, "loss", poisoned)
    with pytest.raises(TrainingError, match=r"loss became nan.*at step 3.*learning_rate"):
        run(tokens, tmp_path / "out", tracker=OnStep(recorded.append))
    assert recorded == [1, 2, 3]
    assert not (tmp_path / "out" / "model").exists()


def test_weights_are_as_before_when_the_loss_is_not_finite(monkeypatch):
    model = tiny_model()
    trainer = Trainer(model, MUON, torch.float32, world=World(device=CPU))
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    loss = step.Transformer.loss
    monkeypatch.setattr(step.Transformer, "loss", lambda *arguments: (loss(*arguments)[0] * float("inf"), None))
    with pytest.raises(TrainingError, match="loss became inf"):
        trainer.step(*batch(), 1.0, 7)
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name]), name
