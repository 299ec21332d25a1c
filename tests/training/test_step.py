"""One training step: parts, compilation, and losses that are not finite."""

import dataclasses

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from poet.errors import TrainingError
from poet.files import read_json
from poet.training import step
from poet.training.distributed import World
from poet.training.step import COMPILE_MIN_FLOPS, Trainer, should_compile
from tests.recipes import ADAMW, MUON, TRAIN
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
    run(tokens, tmp_path / "eager", dataclasses.replace(TRAIN, steps=10))
    run(tokens, tmp_path / "compiled", dataclasses.replace(TRAIN, steps=10, compile="on"))
    one, other = (pd.read_csv(tmp_path / name / "history.csv")["train_loss"] for name in ("eager", "compiled"))
    assert other.to_numpy() == pytest.approx(one.to_numpy(), rel=1e-3)
    assert read_json(tmp_path / "compiled" / "train.json")["compiled"] is True
    names = [list(load_file(tmp_path / name / "model" / "model.safetensors")) for name in ("eager", "compiled")]
    assert names[0] == names[1]


def test_training_goes_on_without_a_compiler_that_fails(tokens, tmp_path, monkeypatch, capfd):
    def broken(self, *arguments, **options):
        raise RuntimeError("no compiler here")

    monkeypatch.setattr("poet.model.layers.Block.compile", lambda self: setattr(self, "_compiled_call_impl", broken))
    plain = run(tokens, tmp_path / "plain", dataclasses.replace(TRAIN, steps=6))
    settings = dataclasses.replace(TRAIN, steps=6, compile="on")
    assert run(tokens, tmp_path / "fallen", settings) == plain
    assert "torch.compile failed (RuntimeError: no compiler here); training without it" in capfd.readouterr().err
    assert read_json(tmp_path / "fallen" / "train.json")["compiled"] is False


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
